// SPDX-License-Identifier: Apache-2.0
// verify.h: is a store what its log says?
//
// One walk over the log in its order, which is thread by thread: the rows' checksums and chains,
// the commit numbers (engine/rocks/verify_log.h), and each entry decoded, asked whether it can have
// happened, and folded. At each thread's end its fold is compared with what is derived from it: the
// views, its row in the list, its place in the feed, its open runs. What is found is listed, never
// repaired.
//
// Lives on: the main thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/rocks/verify_log.h"
#include "engine/rules/state.h"
#include "engine/store/row_codec.h"
#include "engine/store/store.h"
#include "tools/forms/named_thread.h"
#include "tools/store/tables.h"

namespace lockstep {

// Not `Problem`: the server has a type of that name, and one program can hold only one.
struct Finding {
  std::string where;                  // the thread, or a table, for a person
  std::optional<NamedThread> thread;  // if it is one
  Timestamp at;                       // of the entry; 0: not of a single one
  std::string what;
};

struct Verification {
  std::uint64_t threads = 0;
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;  // of entries
  std::vector<Finding> problems;
  bool more_problems = false;
};

// The thread whose entries are being walked, and what of it will be compared.
struct WalkedThread {
  ThreadNumber number;
  ThreadState state;
  bool broken = false;  // an entry could not be folded: nothing behind it can be judged
  const StampedThreadRecord* row = nullptr;
  std::optional<ThreadState> at_view;
  std::optional<Thread> at_last;
  Timestamp boundary;  // the last entry that lists should show
};

class Verifier {
 public:
  // Requires: both outlive it.
  Verifier(const Kv& kv, const Store& store) : kv_(kv), store_(store) {}
  Verifier(const Verifier&) = delete;
  Verifier& operator=(const Verifier&) = delete;

  // Fails if the disk can't be read at all. `progress` is told the number of entries now and then.
  [[nodiscard]] Result<Verification> run(std::function<void(std::uint64_t entries)> progress);

 private:
  [[nodiscard]] Result<void> load();
  bool load(Table table, const std::string& name, TableRows& rows);
  std::optional<std::string> entry(ThreadNumber number, const StoredEntry& stored,
                                   Timestamp previous);
  void begin(ThreadNumber number);
  void end();
  void compare_record(const WalkedThread& walked);
  void compare_views(const WalkedThread& walked);
  void compare_tables();
  void compare_open_runs();
  void compare_feed();
  void compare_settings();
  void problem(std::string where, std::string what);
  void problem(const NamedThread& thread, std::string what, Timestamp at = {});
  void problem(Finding finding);
  [[nodiscard]] NamedThread name_of(ThreadNumber number) const;

  const Kv& kv_;
  const Store& store_;
  Verification result_;
  std::map<ThreadNumber, StampedThreadRecord> records_;
  std::map<ThreadName, ThreadNumber> seen_;  // with entries
  // What can't be read is one problem; nothing is compared with it.
  bool records_known_ = false;
  bool feed_known_ = false;
  bool open_runs_known_ = false;
  TableRows feed_;
  TableRows open_runs_;
  TableRows settings_;
  TableRows open_runs_wanted_;
  std::optional<WalkedThread> walked_;
};

}  // namespace lockstep
