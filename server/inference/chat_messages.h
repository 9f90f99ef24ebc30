// SPDX-License-Identifier: Apache-2.0
// chat_messages.h: turns as the `messages` of a Chat Completions request.
//
//   text      `content`; texts are joined by an empty line
//   files     content in pieces, in the order of the path: `text`, `image_url`, and where the
//             settings say that the server takes them, `file` (a PDF) and `input_audio`
//   author    `name`; if neighbours of several authors were joined, before each text: `ada: ...`
//   calls     `tool_calls`, and behind the turn a message of role `tool` for each
//   reasoning the member that the settings name. DeepSeek and Kimi refuse a turn with calls without
//             it, so with `with_calls` each such turn has it, as an empty text if there was none.
//             Where OpenRouter's `reasoning_details` were kept, they stand in its place
//   signatures  `extra_content` of a call or a turn, where Gemini's door gave one
#pragma once

#include <string>
#include <vector>

#include "server/inference/repairs.h"
#include "server/inference/settings.h"
#include "server/inference/turns.h"

namespace lockstep {

// Of this turn, is the reasoning sent?
[[nodiscard]] bool sends_reasoning(const Turn& turn, ReasoningBack reasoning);

// The pieces of all sections in order; neighbouring texts are joined by an empty line. Unless the
// turn has one author, texts begin with theirs.
[[nodiscard]] std::vector<Piece> pieces_of(const Turn& turn, bool one_author, Repairs& repairs);

// A JSON array.
[[nodiscard]] std::string chat_messages(const std::vector<Turn>& turns,
                                        const RequestSettings& settings, Repairs& repairs);

}  // namespace lockstep
