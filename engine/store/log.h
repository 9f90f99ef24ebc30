// SPDX-License-Identifier: Apache-2.0
// log.h: the interface of the truth.
//
// A log holds the entries of all threads, each as bytes (entry_codec.h), each under its thread's
// number and timestamp, and gives every entry that becomes durable a dense commit number. Rows that
// can be rebuilt from entries (store.h) travel with the entry that changes them and become true
// with it.
//
//   append ── durable ──> follow's on_commit ──> append's done
//
// Whoever is told "yes" can already read what was written. States are fed by `follow`, never by the
// answer of `append`.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/rules/event.h"
#include "engine/store/store.h"

namespace lockstep {

struct Append {
  ThreadNumber thread;
  Timestamp expected;  // where the thread ends, 0 for a new one
  std::shared_ptr<const Entry> entry;
  std::string bytes;  // the same entry, encoded
  std::vector<Row> rows;
};

// An entry that is durable. `entry` is the one that was handed to `append`.
struct Committed {
  ThreadNumber thread;
  CommitNumber commit;
  std::shared_ptr<const Entry> entry;
};

struct StoredEntry {
  Timestamp at;
  CommitNumber commit;
  std::string bytes;
};

class Log {
 public:
  using OnCommit = std::move_only_function<void(std::span<const Committed>)>;

  virtual ~Log() = default;

  // Appends one entry and its rows, all of it or nothing. `done` is called on the strand of
  // `follow`, after the entry has been seen there. Fails with `conflict` if the thread no longer
  // ends at `expected`: then nothing was written. A write that the disk fails does not return: it
  // ends the process, because what is on the disk is then unknown.
  virtual void append(Append append, Done<Result<CommitNumber>> done) = 0;

  // The entries of one thread after `after`, oldest first, at most `entries_max` and about
  // `bytes_max` of them (at least one, if there is one). Fails with `corrupt` if a row is damaged.
  [[nodiscard]] virtual Result<std::vector<StoredEntry>> read(ThreadNumber thread, Timestamp after,
                                                              std::uint32_t entries_max,
                                                              std::size_t bytes_max) const = 0;

  // Every entry that becomes durable from now on, a call per commit, each thread's in order.
  // Requires: called once, before the first append.
  virtual void follow(OnCommit on_commit) = 0;

  // The last commit number that is durable.
  [[nodiscard]] virtual CommitNumber last_commit() const = 0;

  // Rows without an entry: what is not of one thread's history, such as a mark. Durable before
  // `done`. `erase` names threads whose entries and views are to go.
  virtual void write(std::vector<Row> rows, std::vector<ThreadNumber> erase,
                     Done<Result<void>> done) = 0;
};

}  // namespace lockstep
