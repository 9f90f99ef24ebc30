// SPDX-License-Identifier: Apache-2.0
// chat_chunk.h: one chunk of a Chat Completions stream, read.
//
// The first half of the decoder: JSON in whatever spelling a server uses becomes one plain value.
// It knows no order of chunks; openai_codec.h knows nothing of JSON. Texts may still hold halves of
// characters (utf8_repair.h); ids, names and messages are whole and valid.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

struct CallPiece {
  std::optional<std::int64_t> index;
  std::string id;    // empty: not said
  std::string name;  // empty: not said
  std::string arguments;
};

struct ChatChunk {
  std::string reasoning;
  std::string text;
  std::vector<CallPiece> calls;
  std::string finish_reason;         // empty: none yet
  std::optional<std::string> usage;  // JSON object
  std::optional<std::string> error;  // a sentence
};

// Nothing if this is not a JSON object.
[[nodiscard]] std::optional<ChatChunk> read_chunk(std::string_view data);

}  // namespace lockstep
