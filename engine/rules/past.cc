// SPDX-License-Identifier: Apache-2.0
#include "engine/rules/past.h"

#include <algorithm>
#include <limits>

namespace lockstep {
namespace {

// The least length of a part that no event has named yet. Such a part has the length that it has
// now.
constexpr Units unbounded = std::numeric_limits<Units>::max();

void bound(MessagePast& past, std::uint32_t part, Units length) {
  if (part >= past.parts) return;  // new since
  if (past.least.size() <= part) past.least.resize(part + 1, unbounded);
  past.least[part] = std::min(past.least[part], length);
  if (past.named.size() <= part) past.named.resize(part + 1, false);
  past.named[part] = true;
}

class Reader {
 public:
  explicit Reader(Past& past) : past_(past) {}

  void read(const Entry& entry) {
    for (const Event& event : entry.events) std::visit(*this, event);
  }

  // The same, and which messages the entry's change has changed.
  void read_committed(const Entry& entry) {
    is_change_ = !entry.producer && !is_interruption(entry);
    by_writer_ = entry.producer.has_value();
    named_ = entry.acks.empty() ? nullptr : &entry.acks.front();
    read(entry);
  }

  void operator()(const MessagePut& event) { change(event.message.id); }

  void operator()(const PartStarted& event) {
    MessagePast& past = touch(event.message);
    past.parts = std::min(past.parts, event.part);
  }

  // An append never starts a part here: decisions start each part by an event of its own
  // (steps.cc).
  void operator()(const ContentAppended& event) {
    bound(touch(event.message), event.part, event.at);
  }

  void operator()(const MessageCut& event) {
    MessagePast& past = touch(event.message);
    past.parts = std::min(past.parts, static_cast<std::uint32_t>(event.keep.size()));
    for (std::uint32_t part = 0; part < event.keep.size(); ++part) {
      bound(past, part, event.keep[part]);
    }
    if (by_writer_) past_.taken_back.insert(event.message);
    change(event.message);
  }

  void operator()(const HeadMoved& event) {
    if (!head_found_) past_.head = event.from;
    head_found_ = true;
  }

  template <class Other>
  void operator()(const Other&) {}

 private:
  MessagePast& touch(const MessageId& id) {
    return past_.messages.try_emplace(id, MessagePast{unbounded, {}, {}}).first->second;
  }

  // A crash or a shutdown cuts half-written tool calls. That is no device's change.
  static bool is_interruption(const Entry& entry) {
    if (!entry.acks.empty()) return false;
    return std::ranges::any_of(entry.events, [](const Event& event) {
      const RunEnded* ended = std::get_if<RunEnded>(&event);
      return ended && ended->status == RunStatus::interrupted;
    });
  }

  static bool is_by(const Author& author, const Ack* named) {
    return author && named && author->first == named->user && author->second == named->device;
  }

  void change(const MessageId& id) {
    if (!is_change_) return;
    const auto [found, is_new] = past_.changed.try_emplace(id);
    if (is_new && named_) found->second.emplace(named_->user, named_->device);
    if (!is_new && !is_by(found->second, named_)) found->second.reset();
  }

  Past& past_;
  bool head_found_ = false;
  bool is_change_ = false;
  bool by_writer_ = false;
  const Ack* named_ = nullptr;  // of the entry: it names the device
};

}  // namespace

MessagePast Past::of(const MessageState& row) const {
  MUST(row.lengths.size() == row.message.parts.size());
  MessagePast result{static_cast<std::uint32_t>(row.message.parts.size()), row.lengths, {}};
  const auto found = messages.find(row.message.id);
  if (found == messages.end()) return result;
  const MessagePast& known = found->second;
  result.parts = std::min(result.parts, known.parts);
  result.least.resize(result.parts);
  result.named = known.named;
  for (std::uint32_t part = 0; part < result.parts && part < known.least.size(); ++part) {
    result.least[part] = std::min(result.least[part], known.least[part]);
  }
  return result;
}

bool Past::is_as_it_was(const MessageState& row, std::uint32_t part) const {
  if (row.whole > since || taken_back.contains(row.message.id)) return false;
  const MessagePast past = of(row);
  return part < past.parts && past.least[part] == row.lengths[part];
}

bool Past::changed_by_another(std::span<const MessageId> ids, const UserId& user,
                              const std::optional<DeviceId>& device) const {
  Author self;
  if (device) self.emplace(user, *device);
  return std::ranges::any_of(ids, [&](const MessageId& message) {
    const auto found = changed.find(message);
    return found != changed.end() && (!found->second || found->second != self);
  });
}

Past past_since(const ThreadState& now, std::span<const Entry* const> entries, Timestamp since) {
  MUST(since <= now.now);
  MUST(entries.empty() ? since == now.now : entries.back()->at == now.now);
  MUST(entries.empty() || entries.front()->previous <= since);
  Past past{since, now.thread.head, {}, {}, {}};
  Reader reader(past);
  for (const Entry* entry : entries) {
    MUST(entry->at > since && entry->at <= now.now);
    reader.read_committed(*entry);
  }
  return past;
}

void extend(Past& past, const Entry& entry) {
  const std::optional<MessageId> head = past.head;  // of `since`: this entry does not change it
  Reader(past).read(entry);
  past.head = head;
}

}  // namespace lockstep
