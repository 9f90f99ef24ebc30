// SPDX-License-Identifier: Apache-2.0
// responses_items.h: the items of one Responses answer, as parts of a message.
//
//   message        a part of text for each text, a refusal too; behind it the citations, as data
//                  `openai.annotations`
//   reasoning      one part of reasoning: the summary's texts, then the reasoning's own, with an
//                  empty line between; without any text an empty part
//   a call         a call; the free text of a custom tool becomes `{"input":"..."}`, as
//                  chat_calls.h says
//   an image       a file with a `data:` address, if one may be so long
//   all others     data `openai.TYPE` with the whole item, when the item is done
//
// The opaque data of a part is what goes back to the API next to the part's own text:
//
//   reasoning      the whole item, with its id and `encrypted_content`
//   text           {"item":{...},"part":{...}}: the item without its texts, the part without its
//                  text
//   a call         the item without its arguments or its input
//   an image       the item without its result
//   annotations    {"type":"annotations"}: they stand in the text's own data
//   all others     the whole item; {"type":"nothing"} for what can't go back: an item that asks for
//                  an answer that nobody here gives, or an image without its bytes
//
// It is noted when the item is done, for every part: one without it was cut or edited since.
//
// Servers say everything up to four times: in pieces, as a whole text, in the done item and in the
// whole answer. Of a repetition only what follows the text so far counts; one that says something
// else does not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/ids.h"
#include "server/inference/answer_writer.h"
#include "server/inference/responses_event.h"
#include "server/inference/utf8_repair.h"

namespace lockstep {

class ResponsesItems {
 public:
  explicit ResponsesItems(RunId run) : run_(std::move(run)) {}

  // An event of one item.
  void take(const ResponsesEvent& event, AnswerWriter& writer);
  // The items of the whole answer: shows what no event has shown.
  void take_output(const std::vector<ResponseItem>& output, AnswerWriter& writer);
  // The answer has ended. `whole`: by itself, so that a call without arguments has none.
  void finish(bool whole, AnswerWriter& writer);

  // Items and texts so far: a bound for all that this holds.
  [[nodiscard]] std::size_t size() const { return texts_ + items_.size(); }
  // What the parts and their opaque data hold.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] std::size_t file_bytes() const { return file_bytes_; }
  [[nodiscard]] bool has_calls() const { return !ids_.empty(); }
  // Is there a call with arguments, but without a name? It can't be completed.
  [[nodiscard]] bool has_nameless() const;
  // Is an id or a name longer than the limit?
  [[nodiscard]] bool has_too_long() const { return too_long_; }

 private:
  struct Text {
    ItemText which = ItemText::text;
    std::uint64_t index = 0;
    std::optional<std::uint32_t> part;  // of a message's text
    Utf8Repair repair;
    std::string shown;                     // all of it so far
    std::vector<std::string> annotations;  // from events
  };
  struct Item {
    std::optional<std::uint64_t> index;
    std::string id;
    std::string type;
    std::string call_id;
    std::string name;
    std::optional<std::uint32_t> part;  // of reasoning, or of a call
    std::string waiting;                // of a call, until its part begins
    bool custom = false;
    bool done = false;
    std::vector<Text> texts;
  };

  [[nodiscard]] Item& item_at(const ResponsesEvent& event);
  [[nodiscard]] Item* find(const std::optional<std::uint64_t>& index, std::string_view id);
  [[nodiscard]] Text& text_at(Item& item, ItemText which, std::uint64_t index);
  void know(Item& item, const ResponseItem& said, AnswerWriter& writer);
  void take_whole(Item& item, const ItemPiece& piece, AnswerWriter& writer);
  void show(Item& item, Text& text, std::string fresh, AnswerWriter& writer);
  void show_reasoning(Item& item, const Text& text, std::string fresh, AnswerWriter& writer);
  void show_call(Item& item, std::string_view fresh, AnswerWriter& writer);
  void start_call(Item& item, AnswerWriter& writer);
  [[nodiscard]] std::string id_of(const Item& item) const;
  void take_done(Item& item, const ResponseItem& said, AnswerWriter& writer);
  void end_texts(Item& item, AnswerWriter& writer);
  void end_call(Item& item, bool whole, AnswerWriter& writer);
  void note_texts(Item& item, const ResponseItem& said, AnswerWriter& writer);
  void add_annotations(const Text& text, std::string json, AnswerWriter& writer);
  void add_whole(const ResponseItem& said, AnswerWriter& writer);
  [[nodiscard]] bool add_image(const ResponseItem& said, AnswerWriter& writer);
  void note(std::optional<std::uint32_t> part, const std::string& json, AnswerWriter& writer);

  RunId run_;
  std::vector<Item> items_;
  std::vector<std::string> ids_;  // of the calls that have parts
  std::size_t texts_ = 0;
  std::size_t bytes_ = 0;
  std::size_t file_bytes_ = 0;
  bool too_long_ = false;
};

}  // namespace lockstep
