#include "engine/past.h"

#include <algorithm>
#include <limits>

namespace lockstep {
namespace {

// The message's parts as the first entry since found them: `parts` of them, of lengths not known
// yet. A length that no event names is the length now, so it starts as "no bound".
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

  void operator()(const PartStarted& event) {
    MessagePast& past = touch(event.message);
    past.parts = std::min(past.parts, event.part);
  }

  // Appends never make a part here: decisions start each part by an event of its own (steps.cc).
  void operator()(const ContentAppended& event) {
    bound(touch(event.message), event.part, event.at);
  }

  void operator()(const MessageCut& event) {
    MessagePast& past = touch(event.message);
    past.parts = std::min(past.parts, static_cast<std::uint32_t>(event.keep.size()));
    for (std::uint32_t part = 0; part < event.keep.size(); ++part) {
      bound(past, part, event.keep[part]);
    }
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

  Past& past_;
  bool head_found_ = false;
};

}  // namespace

MessagePast Past::of(const MessageRow& row) const {
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

Past past_since(const ThreadState& now, std::span<const Entry* const> entries, Timestamp since) {
  Past past{since, now.thread.head, {}};
  Reader reader(past);
  for (const Entry* entry : entries) {
    MUST(entry->at > since && entry->at <= now.now);
    reader.read(*entry);
  }
  return past;
}

void extend(Past& past, const Entry& entry) {
  const std::optional<MessageId> head = past.head;  // found already
  Reader(past).read(entry);
  past.head = head;
}

}  // namespace lockstep
