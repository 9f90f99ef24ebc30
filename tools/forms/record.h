// SPDX-License-Identifier: Apache-2.0
// record.h: writes an entry as JSON, and reads it back.
//
// The JSON looks like the entry's frame on the wire. It adds fields that fronts never see, but that
// a copy of the history needs: the thread's origin, the previous head, the producer's offset, and
// the user, device, hash and outcome of each remembered change.
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

// Fails with `invalid`, and the field in `detail`. Refuses unknown fields, because they would be
// lost.
[[nodiscard]] Result<Entry> entry_of(const JsonValue& value);

// A message of the format `messages`, written by hand or by an export.
struct PlacedInput {
  MessageInput input;
  std::optional<MessageId> parent;
  bool has_more = false;  // has a status, run, times or usage, which a new message can't have
};
// `id` and `text` or `parts`; `role` is `user` if it is left out. Fails as `entry_of` does.
[[nodiscard]] Result<PlacedInput> placed_input_of(const JsonValue& value);

}  // namespace lockstep
