// SPDX-License-Identifier: Apache-2.0
#include "engine/rules/diff.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "engine/base/text.h"

namespace lockstep {
namespace {

// The content that a front may lack if it shows the message as it was then, or at any time since.
Growth growth_of(const MessageState& row, const MessagePast& past) {
  const Message& message = row.message;
  MUST(row.lengths.size() == message.parts.size() && past.least.size() >= past.parts);
  Growth growth{message.id,
                message.status,
                message.updated,
                message.usage,
                message.finish,
                static_cast<std::uint32_t>(message.parts.size()),
                {},
                message.calls};
  for (std::uint32_t part = 0; part < message.parts.size(); ++part) {
    if (part >= past.parts) {
      growth.grow.emplace_back(PartValue{part, message.parts[part]});
      continue;
    }
    const std::string* text = growing_text(message.parts[part]);
    if (!text) continue;
    const Units length = row.lengths[part];
    const Units common = past.least[part];
    // A front may hold more of a touched part than there is now, so even an empty growth is sent,
    // as a cut. It is sent rarely: only the last part grows, and a cut leaves nothing behind it.
    const std::size_t from = byte_at(*text, common, length);
    if (from == text->size() && !past.touched(part)) continue;
    growth.grow.emplace_back(PartGrowth{part, common, text->substr(from)});
  }
  return growth;
}

void apply(Message& message, const PartValue& value) {
  MUST(value.part <= message.parts.size());
  std::vector<Part>& parts = message.parts.edit();
  if (value.part == parts.size()) parts.emplace_back();
  parts[value.part] = value.value;
}

void apply(Message& message, const PartGrowth& grown) {
  MUST(grown.part < message.parts.size());
  std::string* content = growing_text(message.parts.edit()[grown.part]);
  MUST(content != nullptr);
  content->resize(byte_at(*content, grown.at, units_of(*content)));
  *content += grown.text;
}

void apply(Message& message, const Growth& growth) {
  message.status = growth.status;
  message.updated = growth.updated;
  if (growth.usage) message.usage = growth.usage;
  message.finish = growth.finish;
  message.calls = growth.calls;
  if (message.parts.size() > growth.parts) message.parts.edit().resize(growth.parts);
  for (const auto& grown : growth.grow) {
    std::visit([&](const auto& part) { apply(message, part); }, grown);
  }
}

// No screen has opaque data.
Message shown(Message message) {
  message.opaque = {};
  return message;
}

}  // namespace

const MessageId& id_of(const MessageChange& changed) {
  const auto* growth = std::get_if<Growth>(&changed);
  return growth ? growth->id : std::get<SharedMessage>(changed)->id;
}

bool diff_needs_past(const ThreadState& now, Timestamp from) {
  for (std::size_t number = 0; number < now.messages.size(); ++number) {
    const MessageState& row = now.messages[number];
    if (row.whole <= from && row.message.updated > from && !row.deleted) return true;
  }
  return false;
}

Diff diff(const ThreadState& now, Timestamp from, const Past* past) {
  MUST(from <= now.now);
  MUST(past == nullptr || past->since == from);
  Diff diff{from, now.now, {}, {}, {}, {}};
  if (now.thread.updated > from) diff.thread = now.thread;
  for (std::size_t number = 0; number < now.messages.size(); ++number) {
    const MessageState& row = now.messages[number];
    if (row.message.updated <= from) continue;
    if (row.deleted) {
      diff.removed.push_back(row.message.id);
    } else if (row.whole > from) {
      diff.messages.emplace_back(SharedMessage(now.messages.shared(number)));
    } else {
      MUST(past != nullptr);
      diff.messages.emplace_back(growth_of(row, past->of(row)));
    }
  }
  for (std::size_t number = 0; number < now.runs.size(); ++number) {
    if (now.runs[number].updated > from) diff.runs.push_back(now.runs[number].run);
  }
  return diff;
}

const Message* Screen::message(const MessageId& id) const {
  const auto found = std::ranges::find(messages, id, &Message::id);
  return found == messages.end() ? nullptr : &*found;
}

Screen screen_of(const ThreadState& state) {
  Screen screen;
  if (state.now != Timestamp()) screen.thread = state.thread;
  for (std::size_t number = 0; number < state.messages.size(); ++number) {
    if (!state.messages[number].deleted)
      screen.messages.push_back(shown(state.messages[number].message));
  }
  for (std::size_t number = 0; number < state.runs.size(); ++number) {
    screen.runs.push_back(state.runs[number].run);
  }
  screen.now = state.now;
  return screen;
}

void apply(Screen& screen, const Diff& diff) {
  MUST(diff.from <= screen.now);
  if (diff.thread) screen.thread = diff.thread;
  std::unordered_map<MessageId, std::size_t> places;
  for (std::size_t at = 0; at < screen.messages.size(); ++at) places[screen.messages[at].id] = at;
  for (const auto& changed : diff.messages) {
    if (const auto* growth = std::get_if<Growth>(&changed)) {
      const auto place = places.find(growth->id);
      MUST(place != places.end());
      apply(screen.messages[place->second], *growth);
      continue;
    }
    const Message message = shown(*std::get<SharedMessage>(changed));
    const auto [place, fresh] = places.try_emplace(message.id, screen.messages.size());
    if (fresh) {
      screen.messages.push_back(message);
    } else {
      screen.messages[place->second] = message;
    }
  }
  const std::unordered_set<MessageId> removed(diff.removed.begin(), diff.removed.end());
  std::erase_if(screen.messages,
                [&](const Message& message) { return removed.contains(message.id); });
  for (const Run& run : diff.runs) {
    const auto known = std::ranges::find(screen.runs, run.id, &Run::id);
    if (known == screen.runs.end()) {
      screen.runs.push_back(run);
    } else {
      *known = run;
    }
  }
  screen.now = std::max(screen.now, diff.to);
}

}  // namespace lockstep
