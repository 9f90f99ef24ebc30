// SPDX-License-Identifier: Apache-2.0
// chat_chunk.h: reads one chunk of a Chat Completions stream.
//
// The first half of the decoder: it reads the JSON of each server's dialect into one plain value.
// It does not know the order of chunks; openai_codec.h, the second half, does not know JSON. Texts
// may still hold halves of characters (utf8_repair.h); ids, names and messages are whole and valid.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

struct CallPiece {
  std::optional<std::int64_t> index;
  std::string id;    // empty: the piece has none
  std::string name;  // empty: the piece has none
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

// `nullopt` if this is not a JSON object.
[[nodiscard]] std::optional<ChatChunk> read_chunk(std::string_view data);

}  // namespace lockstep
