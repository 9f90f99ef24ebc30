// SPDX-License-Identifier: Apache-2.0
#include "tests/laws/size_law.h"

#include <algorithm>

#include "server/codec/json_write.h"

namespace lockstep::test {
namespace {

constexpr std::size_t row_bytes = 200;
constexpr std::size_t part_bytes = 64;
constexpr std::size_t note_bytes = 48;

template <class Append, class Value>
std::size_t json_bytes(Append append, const Value& value) {
  std::string text;
  append(text, value);
  return text.size();
}

const Message* find(const Screen& screen, const MessageId& id) {
  const auto found = std::ranges::find(screen.messages, id, &Message::id);
  return found == screen.messages.end() ? nullptr : &*found;
}

// A part that grew or was cut: the changed bytes are at most those after the common beginning of
// both texts.
std::size_t changed_in(const Part* then, const Part& now) {
  const std::string* text = growing_text(now);
  const std::string* before = then ? growing_text(*then) : nullptr;
  if (!text || !before || then->index() != now.index()) return json_bytes(append_part, now);
  return static_cast<std::size_t>(text->end() - std::ranges::mismatch(*text, *before).in1);
}

std::size_t changed_in(const Message& then, const Message& now) {
  std::size_t bytes = now.usage ? now.usage->text.size() : 0;
  for (std::size_t part = 0; part < now.parts.size(); ++part) {
    const bool known = part < then.parts.size();
    bytes += changed_in(known ? &then.parts[part] : nullptr, now.parts[part]);
  }
  // The notes of a message's calls go with each change of it.
  for (const CallNote& note : now.calls) bytes += note_bytes + note.reason.size();
  return bytes;
}

std::size_t wire_bytes(const MessageChange& changed) {
  const auto* growth = std::get_if<Growth>(&changed);
  return growth ? json_bytes(append_growth, *growth)
                : json_bytes(append_message, *std::get<SharedMessage>(changed));
}

}  // namespace

std::string check_size(const Screen& from, const Screen& to, const Diff& diff,
                       const PutSince& put_since) {
  std::size_t changed = 0;
  std::size_t wire = 0;
  std::size_t grown_parts = 0;
  for (const auto& one : diff.messages) {
    const MessageId& id = id_of(one);
    const Message* now = find(to, id);
    if (!now) return "a diff tells of " + id.get() + ", which is not there";
    const Message* then = find(from, id);
    const bool whole = !then || put_since(id);
    changed += whole ? json_bytes(append_message, *now) : changed_in(*then, *now);
    wire += wire_bytes(one);
    if (const auto* growth = std::get_if<Growth>(&one)) grown_parts += growth->grow.size();
  }
  std::size_t same = 0;
  for (const Run& run : diff.runs) same += json_bytes(append_run, run);
  if (diff.thread) same += json_bytes(append_thread, *diff.thread);
  for (const MessageId& id : diff.removed)
    wire += id.get().size() + std::string_view(R"("",)").size();
  const std::size_t rows =
      diff.messages.size() + diff.runs.size() + (diff.thread ? 1 : 0) + diff.removed.size();
  changed += same;
  wire += same;
  if (wire <= 2 * changed + row_bytes * rows + part_bytes * grown_parts) return {};
  return "a diff of " + std::to_string(wire) + " bytes for " + std::to_string(changed) +
         " changed ones in " + std::to_string(rows) + " rows";
}

}  // namespace lockstep::test
