// SPDX-License-Identifier: Apache-2.0
// chat_chunk.h: reads one chunk of a Chat Completions stream.
//
// The first half of the decoder: it reads the JSON of each server's dialect into one plain value.
// It does not know the order of chunks; openai_codec.h and chat_calls.h, the second half, do not
// know JSON. Texts may still hold halves of characters (utf8_repair.h); ids, names and messages are
// whole and valid. Arguments and usage that come as JSON values are copied as they are written, so
// that a number keeps its digits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/inference/chat_media.h"
#include "server/inference/error_body.h"

namespace lockstep {

struct CallPiece {
  std::optional<std::int64_t> index;
  std::string id;    // empty: the piece has none
  std::string name;  // empty: the piece has none
  std::string arguments;
  bool custom = false;  // a call of OpenAI's type `custom`: `arguments` is free text
  std::string extra{};  // JSON of `extra_content`, in which Gemini signs a call; empty: none
};

struct ChatChunk {
  std::string reasoning;
  std::string text;
  std::vector<std::string> details;  // elements of `reasoning_details`, JSON (reasoning_details.h)
  std::string extra;                 // JSON of the answer's own `extra_content`; empty: none
  ChatMedia media;
  std::vector<CallPiece> calls;
  std::string finish_reason;           // empty: none yet
  std::string model;                   // that answers; empty: not said
  std::optional<std::string> usage;    // JSON object
  std::optional<ProviderError> error;  // error_body.h
  bool has_choices = false;            // even an empty list
  bool has_delta = false;              // or a `message`: even an empty one
  bool is_whole = false;               // the content stands in `message`, not in `delta`
  std::string foreign;                 // the other protocol that it seems to be of; empty: none
};

// `nullopt` if this is no JSON object, nor a list with an error.
[[nodiscard]] std::optional<ChatChunk> read_chunk(std::string_view data,
                                                  ErrorCertainty certainty = ErrorCertainty::chunk);

}  // namespace lockstep
