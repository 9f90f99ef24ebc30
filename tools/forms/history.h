// SPDX-License-Identifier: Apache-2.0
// history.h: whole histories, out of one store and into another.
//
//   {"lockstep":"history","version":2}                             the first line
//   {"user":ID,"thread":ID,"settings":HASH,"bytes":TEXT}           before the first entry that
//   needs it
//   {"user":ID,"thread":ID,"entry":{…}}                            an entry (record.h), in order
//
// Threads stand one after another, by user and id. Version 1 had no `user`; it is read too.
// Everything that a thread is comes out of its entries, so this loses nothing: the same timestamps,
// cuts, runs, remembered changes. A deleted thread is not in it: its entries are gone. Commit
// numbers are a store's own and are given anew.
//
// Into a store that has the thread already goes what it lacks, if its history is the beginning of
// the one that comes; a thread with another history is refused. So are two threads of one id that
// are to be one user's.
//
// A thread's first entry makes it known, its last one shows it whole in the lists; so an import
// that was cut short leaves a store that is in order, and the next one goes on.
//
// Lives on: the main thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "tools/forms/json.h"
#include "tools/forms/target_user.h"
#include "tools/store/reading.h"
#include "tools/store/writing.h"

namespace lockstep {

[[nodiscard]] std::string history_header();
// `write` gets lines, with their ends; the number of entries is returned. Fails with `corrupt`;
// what came before was written.
[[nodiscard]] Result<std::uint64_t> export_history(
    const StoreReader& reader, const ThreadRecord& record,
    const std::function<void(std::string_view)>& write);

struct HistoryAccount {
  std::uint64_t threads = 0;
  std::uint64_t entries = 0;
  std::uint64_t entries_new = 0;
};

class HistoryImport {
 public:
  // `user`: whose all threads are to be; empty: whose the file says they are.
  HistoryImport(StoreWriter& writer, UserId user);
  ~HistoryImport();
  HistoryImport(const HistoryImport&) = delete;
  HistoryImport& operator=(const HistoryImport&) = delete;

  // A line of the file. Fails with `malformed`, `invalid` or `other_history`.
  [[nodiscard]] Result<void> take(std::string_view line);
  // Waits until all is durable. Must be called at the end, after an error too.
  [[nodiscard]] Result<void> finish();
  [[nodiscard]] const HistoryAccount& account() const { return account_; }

 private:
  struct Target;
  [[nodiscard]] Result<ThreadName> thread_of(const JsonValue& line, const Entry& entry);
  [[nodiscard]] Result<void> open(const ThreadName& thread);
  [[nodiscard]] Result<void> take_entry(Entry entry);
  [[nodiscard]] Result<void> take_settings(const std::string& hash, const std::string& bytes);
  [[nodiscard]] Result<void> end_thread();
  [[nodiscard]] Result<void> append(Entry entry, bool last);
  [[nodiscard]] Result<ThreadNumber> next_number();
  void wait_until_at_most(std::size_t count);

  StoreWriter& writer_;
  HistoryAccount account_;
  bool header_seen_ = false;
  bool ownerless_ = false;           // the file is of version 1
  std::optional<ThreadName> begun_;  // in it: the thread whose first entry came last
  TargetUser users_;
  std::unique_ptr<Target> target_;  // the thread that is being written
  ThreadNumber next_number_;
  CommitNumber last_commit_;
  std::size_t in_flight_ = 0;
  bool moved_ = false;
  Result<void> failure_;
};

}  // namespace lockstep
