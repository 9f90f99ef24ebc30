// SPDX-License-Identifier: Apache-2.0
// log.h: the interface of the log, which is the truth.
//
// A log holds the entries of all threads, each as bytes (entry_codec.h), each under its thread's
// number and timestamp. It gives every entry that becomes durable the next commit number, without
// gaps. Rows that can be rebuilt from entries (store.h) travel with the entry that changes them and
// become visible in the same commit.
//
//   append ── durable ──> follow's on_commit ──> append's done
//
// A caller that gets a "yes" can already read its entry. The engine folds states in `follow`, never
// in the answer of `append`.
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
  Timestamp expected;  // of the thread's last entry, 0 for a new thread
  std::shared_ptr<const Entry> entry;
  std::string bytes;  // the same entry, encoded
  std::vector<RowWrite> rows;
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

  // Appends one entry and its rows, all of it or nothing. The log calls `done` on the strand of
  // `follow`, after `follow` has reported the entry. Fails with `conflict` if the thread no longer
  // ends at `expected`: then nothing was written. If the disk fails a write, `done` is never called
  // and the process ends, because the content of the disk is then unknown. Requires: the entry is
  // later than `expected`.
  virtual void append(Append append, Done<Result<CommitNumber>> done) = 0;

  // The entries of one thread after `after`, oldest first: at most `entries_max` of them, of about
  // `bytes_max` bytes (at least one, if there is one). Fails with `corrupt` if a row is damaged.
  [[nodiscard]] virtual Result<std::vector<StoredEntry>> read(ThreadNumber thread, Timestamp after,
                                                              std::uint32_t entries_max,
                                                              std::size_t bytes_max) const = 0;

  // Reports every entry that becomes durable from now on: one call a commit, the entries of each
  // thread in order. Requires: called once, before the first append.
  virtual void follow(OnCommit on_commit) = 0;

  // The last commit number that is durable.
  [[nodiscard]] virtual CommitNumber last_commit() const = 0;

  // Writes rows that belong to no entry, such as a thread flag (thread_flags.h). They are durable
  // before `done`. `erase` names threads whose entries and snapshots the same write removes.
  virtual void write(std::vector<RowWrite> rows, std::vector<ThreadNumber> erase,
                     Done<Result<void>> done) = 0;
};

}  // namespace lockstep
