// SPDX-License-Identifier: Apache-2.0
#include "engine/live/history.h"

#include <algorithm>
#include <limits>
#include <ranges>
#include <unordered_map>
#include <utility>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/base/try.h"
#include "engine/live/states.h"
#include "engine/live/thread_errors.h"
#include "engine/rules/digest.h"
#include "engine/rules/fold.h"
#include "engine/store/entry_codec.h"
#include "engine/store/keys.h"
#include "engine/store/row_codec.h"
#include "engine/store/thread_snapshot.h"

namespace lockstep {
namespace {

// Makes messages as they were before the entries `since`, if they have only grown since: then each
// earlier part is the beginning of the part now.
class Rewinder {
 public:
  explicit Rewinder(const Entries& since) {
    for (const auto& entry : since) {
      for (const Event& event : entry->events) std::visit(*this, event);
    }
  }

  // Nothing if the message was put, cut or deleted since, or a note of a call has changed.
  [[nodiscard]] std::optional<Message> message(const MessageState& row) const {
    auto found = grown_.find(row.message.id);
    if (found == grown_.end() || found->second.changed) return std::nullopt;
    const Grown& grown = found->second;
    Message message = row.message;
    std::vector<Part>& parts = message.parts.edit();
    if (grown.parts && *grown.parts < parts.size()) parts.resize(*grown.parts);
    // Notes tell nothing of what was noted before.
    if (grown.noted < parts.size()) return std::nullopt;
    std::erase_if(message.calls, [&](const CallNote& note) { return note.part >= parts.size(); });
    for (const auto& [part, units] : grown.lengths) {
      if (part >= parts.size()) continue;
      std::string* text = growing_text(parts[part]);
      MUST(text != nullptr && part < row.lengths.size());
      text->resize(byte_at(*text, units, row.lengths[part]));
    }
    return message;
  }

  void operator()(const PartStarted& event) {
    Grown& grown = grown_[event.message];
    if (!grown.parts) grown.parts = event.part;
  }
  void operator()(const ContentAppended& event) {
    grown_[event.message].lengths.try_emplace(event.part, event.at);  // the first one counts
  }
  void operator()(const MessageEnded& event) { grown_[event.message]; }
  void operator()(const CallNoted& event) {
    Grown& grown = grown_[event.message];
    grown.noted = std::min<std::size_t>(grown.noted, event.note.part);
  }
  void operator()(const MessagePut& event) { grown_[event.message.id].changed = true; }
  void operator()(const MessageCreated& event) { grown_[event.message].changed = true; }
  void operator()(const MessageCut& event) { grown_[event.message].changed = true; }
  void operator()(const MessageDeleted& event) { grown_[event.message].changed = true; }
  template <class Other>
  void operator()(const Other&) {}

 private:
  struct Grown {
    std::optional<std::uint32_t> parts;                // the number before
    std::unordered_map<std::uint32_t, Units> lengths;  // before, of parts that have grown
    std::size_t noted = std::numeric_limits<std::size_t>::max();  // the first part with a new note
    bool changed = false;
  };
  std::unordered_map<MessageId, Grown> grown_;
};

// The stored snapshot if it is the one that `thread.snapshot_at` names, else the empty state. The
// committer may write a later snapshot before or during the read. The thread's row, which is
// written together with it, shows that, and so it is read last.
Result<ThreadState> known_snapshot(const Store& store, const LiveThread& thread) {
  auto snapshot = load_snapshot(store, thread.number);
  const std::string key = keys::thread(thread.name);
  TRY_LET(row, store.get(Table::threads, key));
  if (!row) return ThreadState();
  const auto record = decode_thread_record(key, *row);
  if (!record || record->record.snapshot != thread.snapshot_at) return ThreadState();
  return snapshot;
}

}  // namespace

Past past_of(const ThreadState& now, const Entries& entries, Timestamp since) {
  std::vector<const Entry*> later;
  for (const auto& entry : entries) {
    if (entry->at > since) later.push_back(entry.get());
  }
  return past_since(now, later, since);
}

History::History(const Log& log, const Store& store, const Hub& hub, Metrics& metrics,
                 DamageReport& damage)
    : log_(log), store_(store), hub_(hub), metrics_(metrics), damage_(damage) {}

// The thread was loaded before, so these bytes were damaged later, or were not read then.
std::unexpected<Error> History::damaged(const LiveThread& thread, std::string why) const {
  return std::unexpected(
      damage_.found(Damaged::thread, to_string(thread.name), corrupt(thread.name, std::move(why))));
}

Result<Slice> History::slice(const LiveThread& thread, Timestamp after,
                             std::size_t bytes_max) const {
  const Timestamp end = thread.state.now;
  if (after >= end) return Slice{.entries = {}, .end = end};
  // The hub gets each entry right after the fold, so a tail ends where the state does, unless
  // another writer's entries were loaded: the log has those.
  if (std::optional<Slice> tail = hub_.tail(thread.name, after, bytes_max);
      tail && tail->end == end) {
    metrics_.entries_read_from_tail += tail->entries.size();
    return std::move(*tail);
  }
  const std::string name = to_string(thread.name);
  TRY_LET(stored,
          damage_.look_at(Damaged::thread, name,
                          log_.read(thread.number, after, limits::read_entries_max, bytes_max)));
  Slice slice{.entries = {}, .end = end};
  Timestamp previous = after;
  for (const StoredEntry& row : stored) {
    if (row.at > end) break;  // durable, but not folded yet: it comes with its commit
    TRY_LET(entry, damage_.look_at(Damaged::thread, name, decode(row.bytes, row.at, thread.state)));
    // `after` may lie between two entries, so the first entry may name one before `after`.
    const bool first = slice.entries.empty();
    if (first ? entry.previous > previous : entry.previous != previous) {
      return damaged(thread, "an entry is missing");
    }
    previous = entry.at;
    slice.entries.push_back(std::make_shared<const Published>(
        std::make_shared<const Entry>(std::move(entry)), std::string()));
  }
  if (slice.entries.empty()) return damaged(thread, "the log ends too early");
  metrics_.entries_read_from_log += slice.entries.size();
  return slice;
}

Result<Entries> History::since(const LiveThread& thread, Timestamp after) const {
  Entries entries;
  while (after < thread.state.now) {
    TRY_LET(next, slice(thread, after, limits::read_bytes_max));
    for (const auto& published : next.entries) entries.push_back(published->entry);
    after = entries.back()->at;
  }
  MUST(entries.empty() || entries.back()->at == thread.state.now);
  return entries;
}

Result<ThreadState> History::state_at(const LiveThread& thread, Timestamp at) const {
  if (at >= thread.state.now) return thread.state;
  ThreadState state;
  if (thread.snapshot_at != Timestamp() && at >= thread.snapshot_at) {
    TRY_LET(snapshot, damage_.look_at(Damaged::thread, to_string(thread.name),
                                      known_snapshot(store_, thread)));
    state = std::move(snapshot);
  }
  while (true) {
    TRY_LET(next, slice(thread, state.now, limits::read_bytes_max));
    for (const auto& published : next.entries) {
      if (published->entry->at > at) return state;
      std::string why = unfoldable(state, *published->entry);
      if (!why.empty()) return damaged(thread, std::move(why));
      fold(state, *published->entry);
    }
  }
}

Result<std::optional<Hash>> History::digest_at(LiveThread& thread, Timestamp at) const {
  const ThreadState& now = thread.state;
  if (at >= now.now) return thread.digests.of(now, now.thread.head);
  TRY_LET(entries, since(thread, at));
  const Past past = past_of(now, entries, at);

  // Most often the path is unchanged, except for the message that a run writes.
  const Rewinder rewinder(entries);
  std::optional<MessageId> same = past.head;
  std::vector<Message> rewound;
  for (const MessageState* row = same ? now.message(*same) : nullptr;
       row && row->message.updated > at;) {
    std::optional<Message> message = rewinder.message(*row);
    if (!message) {
      TRY_LET(then, state_at(thread, at));
      return thread.digests.of(then, then.thread.head);
    }
    same = message->parent;
    rewound.push_back(std::move(*message));
    row = same ? now.message(*same) : nullptr;
  }
  // Messages above the first unchanged one may have changed too.
  for (const MessageState* row : now.path(same)) {
    if (row->message.updated <= at) continue;
    TRY_LET(then, state_at(thread, at));
    return thread.digests.of(then, then.thread.head);
  }
  std::optional<Hash> hash = thread.digests.of(now, same);
  for (const Message& message : rewound | std::views::reverse) hash = digest(message, hash);
  return hash;
}

namespace {

// The first entry of a slice that holds this step, or a later one.
std::optional<Timestamp> first_with(const Slice& slice, const RunState& row, std::uint64_t seq) {
  for (const auto& published : slice.entries) {
    const auto& offset = published->entry->producer;
    const bool same = offset && offset->run == row.run.id && offset->attempt == row.run.attempt;
    if (same && offset->seq >= seq) return published->entry->at;
  }
  return std::nullopt;
}

}  // namespace

Result<Timestamp> History::step_at(const LiveThread& thread, const RunId& run,
                                   std::uint64_t seq) const {
  const RunState* row = thread.state.run(run);
  MUST(row != nullptr && row->run.started && row->seq >= seq);
  Timestamp after = *row->run.started;
  while (after < thread.state.now) {
    TRY_LET(next, slice(thread, after, limits::read_bytes_max));
    if (const auto found = first_with(next, *row, seq)) return *found;
    after = next.entries.back()->entry->at;
  }
  return damaged(thread, "no entry holds step " + std::to_string(seq) + " of run " + run.get());
}

namespace {

// Reads a run's entries, and compares the given steps with them.
class StepReader {
 public:
  StepReader(const RunState& row, std::span<const Step> steps) : row_(row), steps_(steps) {}

  // False: later entries don't matter.
  [[nodiscard]] bool goes_on(const Entry& entry) {
    const auto& offset = entry.producer;
    if (!offset || offset->run != row_.run.id || offset->attempt != row_.run.attempt) return true;
    const std::uint64_t first = std::exchange(taken_, offset->seq) + 1;
    if (offset->seq < steps_.front().seq) return true;
    const std::size_t before = first > steps_.front().seq ? first - steps_.front().seq : 0;
    const std::size_t behind =
        steps_.back().seq > offset->seq ? steps_.back().seq - offset->seq : 0;
    const StepMatch match =
        match_steps(entry, first, steps_.first(steps_.size() - behind).subspan(before));
    if (match != StepMatch::same) match_ = match;
    return match != StepMatch::other && behind > 0;
  }
  [[nodiscard]] StepMatch match() const { return match_; }

 private:
  const RunState& row_;
  std::span<const Step> steps_;
  std::uint64_t taken_ = 0;
  StepMatch match_ = StepMatch::same;
};

}  // namespace

Result<StepMatch> History::match(const LiveThread& thread, const RunState& row,
                                 std::span<const Step> steps) const {
  MUST(!steps.empty() && row.run.started && row.seq >= steps.back().seq);
  StepReader reader(row, steps);
  Timestamp after = *row.run.started;
  while (after < thread.state.now) {
    TRY_LET(next, slice(thread, after, limits::read_bytes_max));
    for (const auto& published : next.entries) {
      if (!reader.goes_on(*published->entry)) return reader.match();
    }
    after = next.entries.back()->entry->at;
  }
  return damaged(thread, "no entry holds the last step of run " + row.run.id.get());
}

}  // namespace lockstep
