// SPDX-License-Identifier: Apache-2.0
// verify.h: checks a store against its log.
//
// The verifier walks once over the log, thread by thread. It checks the rows' checksums and chains
// and the commit numbers (engine/rocks/verify_log.h); it decodes each entry, checks that the entry
// is possible after the one before it, and folds it. At the end of each thread it compares the fold
// with the data derived from it: the snapshot, the row in the list, the place in the feed, the open
// runs, the blobs that it names; at the end of all, the totals of usage. It lists what it finds,
// and repairs nothing.
//
// Lives on: the main thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/rocks/verify_log.h"
#include "engine/rules/blob_names.h"
#include "engine/rules/state.h"
#include "engine/store/row_codec.h"
#include "engine/store/store.h"
#include "engine/store/usage_rows.h"
#include "tools/forms/named_thread.h"
#include "tools/store/tables.h"

namespace lockstep {

// Not `Problem`: the server has a type of that name, and one program can hold only one.
struct Finding {
  std::string where;                  // the thread or the table, for a person
  std::optional<NamedThread> thread;  // empty: a table
  Timestamp at;                       // the entry; 0: not a single entry
  std::string what;
};

struct Verification {
  std::uint64_t threads = 0;
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;  // of entries and blobs
  std::uint64_t blobs = 0;
  // The blobs that entries name, each with one of their threads.
  std::map<std::pair<UserId, BlobHash>, ThreadName> named = {};
  std::vector<Finding> problems;
  bool more_problems = false;
};

// The thread that is being walked, with the states that will be compared.
struct WalkedThread {
  ThreadNumber number;
  ThreadState state;
  bool broken = false;  // an entry could not be folded, so later ones can't be checked
  const StampedThreadRecord* row = nullptr;
  std::optional<ThreadState> at_snapshot;
  std::optional<Thread> at_last;
  Timestamp boundary;  // the last entry that lists should show
  BlobSet blobs;
};

class Verifier {
 public:
  // Requires: both outlive it.
  Verifier(const Kv& kv, const Store& store) : kv_(kv), store_(store) {}
  Verifier(const Verifier&) = delete;
  Verifier& operator=(const Verifier&) = delete;

  // Fails if the disk can't be read at all. Calls `progress` now and then.
  [[nodiscard]] Result<Verification> run(std::function<void(std::uint64_t entries)> progress);

 private:
  [[nodiscard]] Result<void> load();
  bool load(Table table, const std::string& name, TableRows& rows);
  std::optional<std::string> entry(ThreadNumber number, const StoredEntry& stored,
                                   Timestamp previous);
  void begin(ThreadNumber number);
  void end();
  void compare_record(const WalkedThread& walked);
  void compare_snapshot(const WalkedThread& walked);
  void compare_tables();
  void compare_open_runs();
  void compare_feed();
  void compare_settings();
  void compare_blobs();
  void compare_usage();
  std::optional<UsageMap> usage_rows(std::string_view prefix, const std::string& table);
  void problem(std::string where, std::string what);
  void problem(const NamedThread& thread, std::string what, Timestamp at = {});
  void problem(Finding finding);
  [[nodiscard]] NamedThread name_of(ThreadNumber number) const;

  const Kv& kv_;
  const Store& store_;
  Verification result_;
  std::map<ThreadNumber, StampedThreadRecord> records_;
  std::map<ThreadName, ThreadNumber> seen_;  // with entries
  // An unreadable table is one problem; nothing is compared with it.
  bool records_known_ = false;
  bool feed_known_ = false;
  bool open_runs_known_ = false;
  TableRows feed_;
  TableRows open_runs_;
  TableRows settings_;
  TableRows open_runs_wanted_;
  TableRows blobs_wanted_;              // of `meta`
  std::set<ThreadNumber> blobs_known_;  // all entries of these threads were read
  UsageMap usage_;                      // of the threads that are there
  bool usage_known_ = true;             // all of their entries were read
  std::optional<WalkedThread> walked_;
};

// Reads all blobs of the store in `data`, and adds those that are damaged or missing to the
// problems. Fails if the disk can't be read.
[[nodiscard]] Result<void> check_blobs(const std::string& data, Verification& found);

}  // namespace lockstep
