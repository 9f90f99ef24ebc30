// SPDX-License-Identifier: Apache-2.0
// history.h: exports whole histories of threads, and imports them into another store.
//
//   {"lockstep":"history","version":2}                       the first line
//   {"user":ID,"thread":ID,"settings":HASH,"bytes":TEXT}     before the first entry that needs them
//   {"user":ID,"thread":ID,"blob":…}                         before the first entry that names it
//                                                            (blob_lines.h)
//   {"user":ID,"thread":ID,"entry":{…}}                      an entry (record.h), in order
//
// Threads follow one another, by user and id. Version 1 had no `user`; the import reads it too. A
// thread is the fold of its entries, so an export loses nothing: it keeps timestamps, cuts, runs
// and remembered changes. It has no deleted threads, because their entries are gone. The importing
// store gives its own commit numbers.
//
// If the store already has the thread, and its history is the beginning of the imported one, the
// import adds the rest; it refuses a thread with another history. With a target user it also
// refuses a second thread with the same id.
//
// A thread's first entry and its last one write the thread's row in the lists, so an interrupted
// import leaves a consistent store, and the next import goes on.
//
// Lives on: the main thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "engine/store/usage_rows.h"
#include "tools/forms/blob_lines.h"
#include "tools/forms/json.h"
#include "tools/forms/target_user.h"
#include "tools/store/reading.h"
#include "tools/store/writing.h"

namespace lockstep {

[[nodiscard]] std::string history_header();
// Calls `write` with whole lines, and returns the number of entries. Fails with `corrupt`; the
// entries before the damage were written.
[[nodiscard]] Result<std::uint64_t> export_history(
    const StoreReader& reader, const ThreadRecord& record, BlobLines& blobs,
    const std::function<void(std::string_view)>& write);

struct HistoryAccount {
  std::uint64_t threads = 0;
  std::uint64_t entries = 0;
  std::uint64_t entries_new = 0;
};

class HistoryImport {
 public:
  // `user` gets all threads; if it is empty, the file names the user of each. Requires: both
  // outlive it.
  HistoryImport(StoreWriter& writer, Blobs& blobs, UserId user);
  ~HistoryImport();
  HistoryImport(const HistoryImport&) = delete;
  HistoryImport& operator=(const HistoryImport&) = delete;

  // Takes a line of the file. Fails with `malformed`, `invalid`, `other_history` or `deleted`.
  [[nodiscard]] Result<void> take(std::string_view line);
  // Waits until all entries are durable. Requires: called at the end, also after an error.
  [[nodiscard]] Result<void> finish();
  [[nodiscard]] const HistoryAccount& account() const { return account_; }
  // How many files the imported messages name that are neither in the file nor in the store.
  [[nodiscard]] std::size_t files_missing() const { return blobs_.missing(); }

 private:
  struct Target;
  [[nodiscard]] Result<ThreadName> thread_of(const JsonValue& line, const Entry* entry);
  [[nodiscard]] Result<void> open(const ThreadName& thread);
  [[nodiscard]] Result<void> take_entry(Entry entry);
  [[nodiscard]] Result<void> take_settings(const std::string& hash, const std::string& bytes);
  [[nodiscard]] Result<void> end_thread();
  [[nodiscard]] Result<void> append(Entry entry, bool last);
  [[nodiscard]] Result<ThreadNumber> next_number();
  [[nodiscard]] Result<void> count_usage(const ThreadState& after, const Entry& entry,
                                         std::vector<RowWrite>& rows);
  void wait_until_at_most(std::size_t count);

  StoreWriter& writer_;
  BlobImport blobs_;
  HistoryAccount account_;
  bool header_seen_ = false;
  bool ownerless_ = false;           // the file is of version 1
  std::optional<ThreadName> begun_;  // in version 1: the last thread that began
  TargetUser users_;
  std::unique_ptr<Target> target_;  // the thread that is being written
  UsageMap usage_;                  // the sums that the store has when all is written
  ThreadNumber next_number_;
  CommitNumber last_commit_;
  std::size_t in_flight_ = 0;
  bool moved_ = false;
  Result<void> failure_;
};

}  // namespace lockstep
