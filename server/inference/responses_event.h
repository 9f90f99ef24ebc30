// SPDX-License-Identifier: Apache-2.0
// responses_event.h: reads one event of an OpenAI Responses stream.
//
// The first half of the decoder: it reads JSON into one plain value. It does not know the order of
// events; responses_codec.h and responses_items.h, the second half, do not know JSON.
//
// An answer is a list of items (a message, reasoning, a call of a function, what a built-in tool
// did), and an event adds an item, a piece of one of its texts, or the whole text or item again.
// Events name their item by `output_index` and `item_id`; ids may differ from event to event
// behind gateways, so the index counts. The API's reference documents each event. An event or an
// item of an unknown kind is read like any other, and shows nothing or all that it has.
//
// Pieces of texts may hold halves of characters (utf8_repair.h); everything else is valid UTF-8.
// JSON is copied as it is written, so that it can go back as it came.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/inference/error_body.h"

namespace lockstep {

// The texts of items. `summary` and `thought` are of reasoning: the summary for people, and the
// reasoning itself, which only open models give. `arguments` are a function's, `input` is the free
// text of a custom tool.
enum class ItemText : std::uint8_t { text, refusal, summary, thought, arguments, input };

// One text within an item.
struct ItemPiece {
  ItemText which = ItemText::text;
  std::uint64_t index = 0;  // among the item's texts of this list
  std::string text;
  std::string rest;         // the object around it, without the text; empty: it can't be kept
  std::string annotations;  // a JSON array; empty: none
};

struct ResponseItem {
  std::string type;
  std::string id;       // empty: none
  bool is_cut = false;  // its status is `incomplete`
  std::string call_id;
  std::string name;
  std::string result;         // of an image: base64
  std::string output_format;  // of an image: `png`, `jpeg`, `webp`; empty: not said
  bool asks = false;          // the API wants an answer from outside, such as a computer's screen
  std::vector<ItemPiece> texts;
  std::string json;  // the whole item; empty: it can't be kept
  std::string rest;  // without its texts and its result
};

// The whole answer, as it stands at its end.
struct ResponseState {
  std::string status;             // `completed`, `incomplete`, `failed`, `cancelled`, ...
  std::string incomplete_reason;  // `max_output_tokens`, `content_filter`
  std::optional<ProviderError> error;
  std::optional<std::string> usage;  // JSON object
  std::vector<ResponseItem> output;
};

struct ResponsesEvent {
  enum class Kind : std::uint8_t {
    other,       // it shows nothing, or is of an unknown kind
    item_added,  // an item begins
    item_done,   // the whole item
    piece,       // a piece of a text
    whole_text,  // the whole text
    annotation,  // of a text: a citation
    ended,       // the answer has ended
    error,
  };
  Kind kind = Kind::other;
  bool is_ours = false;                       // is it an event of this protocol?
  std::string foreign;                        // the other protocol that it seems to be of
  std::optional<std::uint64_t> output_index;  // of the item
  std::string item_id;
  ItemPiece piece;  // for an annotation: its object in `annotations`
  std::optional<ResponseItem> item;
  std::optional<ResponseState> state;  // of an end
  std::string model;                   // that answers; empty: not said
  std::optional<ProviderError> error;
};

// `nullopt` if this is no JSON object, nor a list with an error.
[[nodiscard]] std::optional<ResponsesEvent> read_responses_event(
    std::string_view data, ErrorCertainty certainty = ErrorCertainty::chunk);

}  // namespace lockstep
