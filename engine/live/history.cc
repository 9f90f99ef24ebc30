// SPDX-License-Identifier: Apache-2.0
#include "engine/live/history.h"

#include <algorithm>
#include <ranges>
#include <unordered_map>
#include <utility>

#include "engine/base/limits.h"
#include "engine/base/text.h"
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

// A message as it was at the time that `since` follows, if nothing but growth has happened to it
// since: then every part that was there is a beginning of what it is now.
class Rewinder {
 public:
  explicit Rewinder(const Entries& since) {
    for (const auto& entry : since) {
      for (const Event& event : entry->events) std::visit(*this, event);
    }
  }

  // Nothing if it was put, cut or deleted since.
  [[nodiscard]] std::optional<Message> message(const MessageRow& row) const {
    auto found = grown_.find(row.message.id);
    if (found == grown_.end() || found->second.changed) return std::nullopt;
    const Grown& grown = found->second;
    Message message = row.message;
    std::vector<Part>& parts = message.parts.edit();
    if (grown.parts && *grown.parts < parts.size()) parts.resize(*grown.parts);
    for (const auto& [part, units] : grown.lengths) {
      if (part >= parts.size()) continue;
      std::string* text = growing_text(parts[part]);
      MUST(text != nullptr);
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
  void operator()(const MessagePut& event) { grown_[event.message.id].changed = true; }
  void operator()(const MessageCreated& event) { grown_[event.message].changed = true; }
  void operator()(const MessageCut& event) { grown_[event.message].changed = true; }
  void operator()(const MessageDeleted& event) { grown_[event.message].changed = true; }
  template <class Other>
  void operator()(const Other&) {}

 private:
  struct Grown {
    std::optional<std::uint32_t> parts;                // so many were there
    std::unordered_map<std::uint32_t, Units> lengths;  // of those that have grown
    bool changed = false;
  };
  std::unordered_map<MessageId, Grown> grown_;
};

// The stored views if they are those that the thread was told of, else the empty state. The
// committer may have written later ones, before they are read or in between: then the thread's row,
// which comes with them, says so.
Result<ThreadState> known_views(const Store& store, const LiveThread& thread) {
  auto views = load_views(store, thread.number);
  const std::string key = keys::thread(thread.name);
  const auto row = store.get(Table::threads, key);
  if (!row) return std::unexpected(row.error());
  if (!*row) return ThreadState();
  const auto record = decode_thread_record(key, **row);
  if (!record || record->record.view != thread.view_at) return ThreadState();
  return views;
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

// The thread has been read once, so what is damaged now was not then, or was not looked at.
std::unexpected<Error> History::damaged(const LiveThread& thread, std::string why) const {
  const Error error = corrupt(thread.name, std::move(why));
  damage_.found(Damaged::thread, to_string(thread.name), error);
  return std::unexpected(error);
}

Result<Slice> History::slice(const LiveThread& thread, Timestamp after,
                             std::size_t bytes_max) const {
  const Timestamp end = thread.state.now;
  if (after >= end) return Slice{.entries = {}, .end = end};
  if (std::optional<Slice> tail = hub_.tail(thread.name, after, bytes_max)) {
    metrics_.entries_read_from_tail += tail->entries.size();
    return std::move(*tail);
  }
  const std::string name = to_string(thread.name);
  auto stored = damage_.look_at(
      Damaged::thread, name, log_.read(thread.number, after, limits::read_entries_max, bytes_max));
  if (!stored) return std::unexpected(stored.error());
  Slice slice{.entries = {}, .end = end};
  Timestamp previous = after;
  for (const StoredEntry& row : *stored) {
    if (row.at > end) break;  // durable, but not yet told of: it comes with its commit
    auto entry = damage_.look_at(Damaged::thread, name, decode(row.bytes, row.at, thread.state));
    if (!entry) return std::unexpected(entry.error());
    // `after` may lie between two entries, so the first may name one before it.
    const bool first = slice.entries.empty();
    if (first ? entry->previous > previous : entry->previous != previous) {
      return damaged(thread, "an entry is missing");
    }
    previous = entry->at;
    slice.entries.push_back(std::make_shared<const Published>(
        std::make_shared<const Entry>(std::move(*entry)), std::string()));
  }
  if (slice.entries.empty()) return damaged(thread, "the log ends too early");
  metrics_.entries_read_from_log += slice.entries.size();
  return slice;
}

Result<Entries> History::since(const LiveThread& thread, Timestamp after) const {
  Entries entries;
  while (after < thread.state.now) {
    auto next = slice(thread, after, limits::read_bytes_max);
    if (!next) return std::unexpected(next.error());
    for (const auto& published : next->entries) entries.push_back(published->entry);
    after = entries.back()->at;
  }
  return entries;
}

Result<ThreadState> History::state_at(const LiveThread& thread, Timestamp at) const {
  if (at >= thread.state.now) return thread.state;
  ThreadState state;
  if (thread.view_at != Timestamp() && at >= thread.view_at) {
    auto views =
        damage_.look_at(Damaged::thread, to_string(thread.name), known_views(store_, thread));
    if (!views) return std::unexpected(views.error());
    state = std::move(*views);
  }
  while (true) {
    auto next = slice(thread, state.now, limits::read_bytes_max);
    if (!next) return std::unexpected(next.error());
    for (const auto& published : next->entries) {
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
  auto entries = since(thread, at);
  if (!entries) return std::unexpected(entries.error());
  const Past past = past_of(now, *entries, at);

  // Most often the path is as it was, but for the message that is being written.
  const Rewinder rewinder(*entries);
  std::optional<MessageId> same = past.head;
  std::vector<Message> rewound;
  for (const MessageRow* row = same ? now.message(*same) : nullptr;
       row && row->message.updated > at;) {
    std::optional<Message> message = rewinder.message(*row);
    if (!message) {
      auto then = state_at(thread, at);
      if (!then) return std::unexpected(then.error());
      return thread.digests.of(*then, then->thread.head);
    }
    same = message->parent;
    rewound.push_back(std::move(*message));
    row = same ? now.message(*same) : nullptr;
  }
  // What is above the first message that is as it was may have changed as well.
  for (const MessageRow* row : now.path(same)) {
    if (row->message.updated <= at) continue;
    auto then = state_at(thread, at);
    if (!then) return std::unexpected(then.error());
    return thread.digests.of(*then, then->thread.head);
  }
  std::optional<Hash> hash = thread.digests.of(now, same);
  for (const Message& message : rewound | std::views::reverse) hash = digest(message, hash);
  return hash;
}

namespace {

// The first entry of a slice that holds this step, or a later one.
std::optional<Timestamp> first_with(const Slice& slice, const RunRow& row, std::uint64_t seq) {
  for (const auto& published : slice.entries) {
    const auto& mark = published->entry->producer;
    const bool same = mark && mark->run == row.run.id && mark->attempt == row.run.attempt;
    if (same && mark->seq >= seq) return published->entry->at;
  }
  return std::nullopt;
}

}  // namespace

Result<Timestamp> History::step_at(const LiveThread& thread, const RunId& run,
                                   std::uint64_t seq) const {
  const RunRow* row = thread.state.run(run);
  MUST(row != nullptr && row->run.started && row->seq >= seq);
  Timestamp after = *row->run.started;
  while (after < thread.state.now) {
    auto next = slice(thread, after, limits::read_bytes_max);
    if (!next) return std::unexpected(next.error());
    if (const auto found = first_with(*next, *row, seq)) return *found;
    after = next->entries.back()->entry->at;
  }
  return damaged(thread, "no entry holds step " + std::to_string(seq) + " of run " + run.get());
}

namespace {

// Reads a run's entries, and compares what of them is asked for.
class StepReader {
 public:
  StepReader(const RunRow& row, std::span<const Step> steps) : row_(row), steps_(steps) {}

  // False: nothing behind this entry matters.
  [[nodiscard]] bool goes_on(const Entry& entry) {
    const auto& mark = entry.producer;
    if (!mark || mark->run != row_.run.id || mark->attempt != row_.run.attempt) return true;
    const std::uint64_t first = std::exchange(taken_, mark->seq) + 1;
    if (mark->seq < steps_.front().seq) return true;
    const std::size_t before = first > steps_.front().seq ? first - steps_.front().seq : 0;
    const std::size_t behind = steps_.back().seq > mark->seq ? steps_.back().seq - mark->seq : 0;
    const StepMatch match =
        match_steps(entry, first, steps_.first(steps_.size() - behind).subspan(before));
    if (match != StepMatch::same) match_ = match;
    return match != StepMatch::other && behind > 0;
  }
  [[nodiscard]] StepMatch match() const { return match_; }

 private:
  const RunRow& row_;
  std::span<const Step> steps_;
  std::uint64_t taken_ = 0;
  StepMatch match_ = StepMatch::same;
};

}  // namespace

Result<StepMatch> History::match(const LiveThread& thread, const RunRow& row,
                                 std::span<const Step> steps) const {
  MUST(!steps.empty() && row.run.started && row.seq >= steps.back().seq);
  StepReader reader(row, steps);
  Timestamp after = *row.run.started;
  while (after < thread.state.now) {
    auto next = slice(thread, after, limits::read_bytes_max);
    if (!next) return std::unexpected(next.error());
    for (const auto& published : next->entries) {
      if (!reader.goes_on(*published->entry)) return reader.match();
    }
    after = next->entries.back()->entry->at;
  }
  return damaged(thread, "no entry holds the last step of run " + row.run.id.get());
}

}  // namespace lockstep
