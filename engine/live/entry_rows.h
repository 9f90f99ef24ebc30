// SPDX-License-Identifier: Apache-2.0
// entry_rows.h: the rows that travel with an entry.
//
// What lies beside the log is written in the same batch as the entry that changes it, so it is
// never ahead of the log, nor behind it by more than it says: the thread's row and its place in the
// feed at every boundary, open runs, settings that a run was started with, and the views at the end
// of runs and after puts.
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
  std::vector<Row> rows;
  bool views = false;   // the views are then State(entry.at)
  bool listed = false;  // the thread's place in the feed is then the entry's
};

// Is it more than a piece of content? Lists of threads show boundaries only.
[[nodiscard]] bool is_boundary(const Entry& entry);

// A thread's first entry says which number is the next: one that no thread has been given yet.
// First entries that are written beside the strand overtake each other, so it is asked for when the
// entry goes to the log, in the log's order.
[[nodiscard]] Row next_thread_row(ThreadNumber unused);

// Requires: `thread` is as it is before `entry`, and no thread has a higher number.
[[nodiscard]] EntryRows rows_of(const LiveThread& thread, const Entry& entry,
                                std::span<const AgentSettings> settings, const Store& store);

struct WrittenEntry {
  std::string bytes;
  std::vector<Row> rows;
};

// Writes an entry and its rows; what takes long is in `write`. After `keep` it holds values alone,
// and may be written on any thread: states are only read there, and must be given up on the strand,
// whose rows they share.
class EntryWriter {
 public:
  // Requires: `thread` is as it is before `entry`.
  [[nodiscard]] static EntryWriter of(const LiveThread& thread, std::shared_ptr<const Entry> entry,
                                      std::span<const AgentSettings> settings, const Store& store);
  // Of the last entry of a thread that is being deleted.
  [[nodiscard]] static EntryWriter of_last(const LiveThread& thread,
                                           std::shared_ptr<const Entry> entry);

  [[nodiscard]] bool views() const { return rows_.views; }
  [[nodiscard]] bool listed() const { return rows_.listed; }
  // About how many `write` makes.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  // Copies the state before the entry: a token, which is written at once, does without.
  void keep() { kept_ = *before_; }
  // Requires: called once, and the thread is as it was, unless `keep` was called.
  [[nodiscard]] WrittenEntry write();

 private:
  EntryWriter(const LiveThread& thread, std::shared_ptr<const Entry> entry);

  ThreadNumber number_;
  std::shared_ptr<const Entry> entry_;
  const ThreadState* before_;
  std::optional<ThreadState> kept_;
  Timestamp view_at_;
  EntryRows rows_;                    // all but those of views
  std::optional<ThreadState> after_;  // if there are views to be written
  std::size_t bytes_;
};

}  // namespace lockstep
