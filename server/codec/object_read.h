// SPDX-License-Identifier: Apache-2.0
// object_read.h: reads the objects in requests from JSON; the inner part of sync_codec.h.
//
// The readers do not return errors: each records the first fault of the request in its `Spot`
// (json_read.h), and the caller checks that once, at the end.
#pragma once

#include "engine/rules/change.h"
#include "engine/rules/step.h"
#include "server/codec/json_read.h"

namespace lockstep {

[[nodiscard]] Part read_part(const Spot& spot);
// The parts of a message: from `text` or `parts`, of which the object must have one.
[[nodiscard]] std::vector<Part> read_content(Object& object);
[[nodiscard]] MessageInput read_input(const Spot& spot);
[[nodiscard]] Change read_change(const Spot& spot);
[[nodiscard]] Step read_step(const Spot& spot);

[[nodiscard]] AnswerCall read_answer_call(Object& object);
[[nodiscard]] DecideCall read_decide_call(Object& object);
[[nodiscard]] std::optional<std::vector<std::string>> read_approved_tools(Object& object);
// Is there `resume: "when_answered"`?
[[nodiscard]] bool read_resume(Object& object);
[[nodiscard]] NoteCall read_note_call(Object& object);
[[nodiscard]] CutMessage read_cut(Object& object);

[[nodiscard]] Role read_role(const Spot& spot);
[[nodiscard]] std::optional<std::string> read_name(Object& object, std::string_view field);
[[nodiscard]] std::optional<Json> read_metadata(Object& object);

// The value of an optional field.
template <class T, class Reader>
[[nodiscard]] std::optional<T> read_if(Object& object, std::string_view name, Reader reader) {
  const std::optional<Spot> spot = object.find(name);
  if (!spot) return std::nullopt;
  return T(reader(*spot));
}

}  // namespace lockstep
