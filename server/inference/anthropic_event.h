// SPDX-License-Identifier: Apache-2.0
// anthropic_event.h: reads one event of an Anthropic Messages stream.
//
// The first half of the decoder: it reads the JSON of one event into a plain value, and does not
// know the order of events; anthropic_codec.h, the second half, does not know JSON. Texts of deltas
// may still hold halves of characters (utf8_repair.h); all else is whole and valid. Blocks, usage
// and citations come as JSON with the digits that the server wrote.
//
// Source: Anthropic's documentation of streaming Messages. It asks readers to pass over events and
// deltas that they do not know: new kinds may come at any time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/json/json_members.h"
#include "server/inference/error_body.h"

namespace lockstep {

// A block of content as it begins, or whole.
struct AnthropicBlock {
  std::string type;
  std::string id;         // of a call
  std::string name;       // of a call
  std::string input;      // of a call: JSON object; empty: `{}`
  std::string caller;     // of a call that code of the model makes: JSON object; empty: none
  std::string text;       // of text
  std::string thinking;   // of thinking
  std::string signature;  // of thinking
  std::vector<std::string> citations{};  // of text: JSON objects
  std::vector<JsonMember> members{};     // all of it, of other types
};

struct AnthropicDelta {
  std::string text;
  std::string thinking;
  std::string signature;
  std::string partial_json;
  std::string citation;             // JSON object; empty: none
  std::vector<JsonMember> other{};  // members of a delta of an unknown type
};

struct AnthropicEvent {
  // `message` is the whole answer, as it stands in message_start too; `other` has nothing to read.
  enum class Kind : std::uint8_t {
    message,
    block_start,
    block_delta,
    block_stop,
    message_delta,
    message_stop,
    error,
    other
  };
  Kind kind = Kind::other;
  std::vector<AnthropicBlock> blocks{};  // of a message: any number; of block_start: one
  AnthropicDelta delta{};
  std::string model;
  std::string stop_reason;             // empty: none yet
  std::string container;               // the id of the machine that ran code; empty: none
  std::optional<std::string> usage{};  // JSON object
  std::optional<ProviderError> error{};
  std::string foreign;  // what it is of another protocol, and the kind of agent for it; empty: none
};

// `nullopt` if this is no JSON object, nor a list with an error.
[[nodiscard]] std::optional<AnthropicEvent> read_anthropic_event(
    std::string_view data, ErrorCertainty certainty = ErrorCertainty::chunk);

// The JSON without members that only the provider can read: those whose names begin with
// `encrypted_`.
[[nodiscard]] std::string without_encrypted(std::string_view json);

}  // namespace lockstep
