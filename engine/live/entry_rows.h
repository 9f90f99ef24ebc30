// SPDX-License-Identifier: Apache-2.0
// entry_rows.h: the rows that are written together with an entry.
//
// Each row outside the log is written in the same batch as the entry that changes it. So no row is
// ahead of the log, and each names its last entry: the thread's row and its place in the
// feed at every boundary, open runs, the settings of started runs, the blobs that it names, and the
// snapshot at the end of runs and after puts.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/live/states.h"
#include "engine/rules/agents.h"
#include "engine/rules/event.h"
#include "engine/store/store.h"

namespace lockstep {

struct EntryRows {
  std::vector<RowWrite> rows;
  bool snapshot = false;  // they make the stored snapshot State(entry.at)
  bool listed = false;    // they move the thread in the feed to this entry
};

// Is the entry more than a piece of content? Lists of threads change only at boundaries.
[[nodiscard]] bool is_boundary(const Entry& entry);

// Does the entry move the thread in the feed? Each boundary does, and each entry with which a
// snapshot is stored. Requires: `thread` is in the state before `entry`.
[[nodiscard]] bool moves_in_feed(const LiveThread& thread, const Entry& entry);

// A thread's first entry stores the next unused thread number. First entries that another thread
// encodes may overtake each other, so the lane adds this row last, when it hands the entry to the
// log.
[[nodiscard]] RowWrite next_thread_row(ThreadNumber unused);

// The rows of the blobs that the entry names.
[[nodiscard]] std::vector<RowWrite> blob_rows_of(const LiveThread& thread, const Entry& entry);

// Requires: `thread` is in the state before `entry`, and no thread has a higher number.
[[nodiscard]] EntryRows rows_of(const LiveThread& thread, const Entry& entry,
                                std::span<const AgentSettings> settings, const Store& store);

struct WrittenEntry {
  std::string bytes;
  std::vector<RowWrite> rows;
};

// Encodes an entry and its rows; the slow part is `write`. After `keep` it holds only values, so
// any thread may call `write`, which only reads states. They share rows with the strand's states,
// so the writer is destroyed on the strand.
class EntryWriter {
 public:
  // Requires: `thread` is in the state before `entry`.
  [[nodiscard]] static EntryWriter of(const LiveThread& thread, std::shared_ptr<const Entry> entry,
                                      std::span<const AgentSettings> settings, const Store& store);
  // For the last entry of a thread, which deletes it.
  [[nodiscard]] static EntryWriter of_last(const LiveThread& thread,
                                           std::shared_ptr<const Entry> entry);

  [[nodiscard]] bool snapshot() const { return rows_.snapshot; }
  [[nodiscard]] bool listed() const { return rows_.listed; }
  // About how many bytes `write` makes.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  // Copies the state before the entry. A token's entry is written at once and needs no copy.
  void keep() { kept_ = *before_; }
  // Requires: called once; unless `keep` was called, the thread is still in the state before the
  // entry.
  [[nodiscard]] WrittenEntry write();

 private:
  EntryWriter(const LiveThread& thread, std::shared_ptr<const Entry> entry);

  ThreadNumber number_;
  std::shared_ptr<const Entry> entry_;
  const ThreadState* before_;
  std::optional<ThreadState> kept_;
  Timestamp snapshot_at_;
  EntryRows rows_;                    // all but the snapshot's
  std::optional<ThreadState> after_;  // if the entry writes a snapshot
  std::size_t bytes_;
};

}  // namespace lockstep
