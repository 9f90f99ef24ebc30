// SPDX-License-Identifier: Apache-2.0
// record.h: an entry as JSON that can be read back.
//
// It looks as the entry's frame does on the wire, and carries beside it what fronts never see and a
// copy of the history must have: the thread's origin, where the head came from, the producer's
// mark, and the type, hash and outcome of each remembered change.
//
//   entry_of(parse_json(append_entry(entry))) == entry      for every entry
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/rules/event.h"
#include "tools/forms/json.h"

namespace lockstep {

void append_entry(std::string& out, const Entry& entry);

// The event's name on the wire, such as `content_appended`.
[[nodiscard]] std::string_view name_of(const Event& event);

// Fails with `invalid`, and the field in `detail`. A field that is not known is refused: it would
// be lost.
[[nodiscard]] Result<Entry> entry_of(const JsonValue& value);

// A message that somebody wrote by hand or exported as it stood.
struct PlacedInput {
  MessageInput input;
  std::optional<MessageId> parent;
  bool has_more = false;  // a status, a run or times of its own: a new message can't have them
};
// `id` and `text` or `parts`; `role` is `user` if it is left out. Fails as `entry_of` does.
[[nodiscard]] Result<PlacedInput> placed_input_of(const JsonValue& value);

}  // namespace lockstep
