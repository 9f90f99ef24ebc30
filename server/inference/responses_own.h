// SPDX-License-Identifier: Apache-2.0
// responses_own.h: what the Responses API wrote with a part, as items that go back to it.
//
// The other end of responses_items.h, which says what the opaque data of each part is. The data may
// come from an import, so it counts as text from outside: what is not of the known form is not
// sent. The text, the arguments and the id of a call are always those of the path. Pure.
#pragma once

#include <optional>
#include <string>

#include "engine/rules/event.h"
#include "server/inference/turns.h"

namespace lockstep {

// The item of reasoning, if the API takes it back: whole, and with its encrypted content.
[[nodiscard]] std::optional<std::string> own_reasoning(const Json& data);

// JSON objects that the text still has to be put into.
struct OwnText {
  std::string item;  // without `content`
  std::string part;  // of the content, without the text
  bool refusal = false;
};
[[nodiscard]] std::optional<OwnText> own_text_of(const Json& data);

struct OwnCall {
  std::string item;
  std::string output;  // the item of the result
};
// `data`: null if the API did not write the call.
[[nodiscard]] OwnCall own_call_of(const TurnCall& call, const Json* data);

// Are these the annotations of a text, which are in the text's own data too?
[[nodiscard]] bool is_annotations(const Json& data);

// What a built-in tool did; a generated image has its bytes in the part.
[[nodiscard]] std::optional<std::string> own_item_of(const Part& part, const Json& data);

}  // namespace lockstep
