// SPDX-License-Identifier: Apache-2.0
#include "server/inference/responses_items.h"

#include <algorithm>
#include <utility>

#include "schema/json/base64.h"
#include "schema/json/json_text.h"
#include "server/inference/limits.h"
#include "server/inference/media_limits.h"
#include "server/inference/run_ids.h"

namespace lockstep {
namespace {

using EventKind = ResponsesEvent::Kind;

constexpr std::string_view custom_begin = R"({"input":")";
constexpr std::string_view custom_end = R"("})";

bool is_call(std::string_view type) {
  return type == "function_call" || type == "custom_tool_call";
}

bool is_call(ItemText which) { return which == ItemText::arguments || which == ItemText::input; }

bool is_reasoning(ItemText which) {
  return which == ItemText::summary || which == ItemText::thought;
}

std::string list_of(const std::vector<std::string>& objects) {
  std::string list;
  append_array(list, objects, [](std::string& out, const std::string& each) { out += each; });
  return list;
}

}  // namespace

// --- Events --------------------------------------------------------------------------------------

void ResponsesItems::take(const ResponsesEvent& event, AnswerWriter& writer) {
  if (size() > 2 * limits::parts_max) return;  // the caller ends the run
  Item& item = item_at(event);
  if (item.done) return;
  switch (event.kind) {
    case EventKind::item_added:
      return know(item, *event.item, writer);
    case EventKind::item_done:
      return take_done(item, *event.item, writer);
    case EventKind::piece: {
      Text& text = text_at(item, event.piece.which, event.piece.index);
      return show(item, text, text.repair.feed(event.piece.text), writer);
    }
    case EventKind::whole_text:
      return take_whole(item, event.piece, writer);
    case EventKind::annotation: {
      if (event.piece.annotations.empty()) return;
      bytes_ += event.piece.annotations.size();
      Text& text = text_at(item, ItemText::text, event.piece.index);
      return text.annotations.push_back(event.piece.annotations);
    }
    case EventKind::other:
    case EventKind::ended:
    case EventKind::error:
      return;
  }
}

void ResponsesItems::take_output(const std::vector<ResponseItem>& output, AnswerWriter& writer) {
  for (std::size_t at = 0; at < output.size() && size() <= 2 * limits::parts_max; ++at) {
    const ResponseItem& said = output[at];
    Item* known = said.id.empty() ? nullptr : find({}, said.id);
    if (!known) {
      known = find(at, {});
      if (known && !known->type.empty() && known->type != said.type) known = nullptr;
    }
    if (!known) {
      items_.emplace_back();
      known = &items_.back();
    }
    if (!known->done) take_done(*known, said, writer);
  }
}

ResponsesItems::Item& ResponsesItems::item_at(const ResponsesEvent& event) {
  const std::string& id = event.item ? event.item->id : event.item_id;
  if (Item* found = find(event.output_index, id)) return *found;
  items_.emplace_back();
  items_.back().index = event.output_index;
  items_.back().id = id;
  return items_.back();
}

// The last item at the index, or with the id.
ResponsesItems::Item* ResponsesItems::find(const std::optional<std::uint64_t>& index,
                                           std::string_view id) {
  const auto found = std::ranges::find_if(items_.rbegin(), items_.rend(), [&](const Item& item) {
    return index ? item.index == index : item.id == id;
  });
  return found == items_.rend() ? nullptr : &*found;
}

ResponsesItems::Text& ResponsesItems::text_at(Item& item, ItemText which, std::uint64_t index) {
  const auto found = std::ranges::find_if(
      item.texts, [&](const Text& text) { return text.which == which && text.index == index; });
  if (found != item.texts.end()) return *found;
  ++texts_;
  item.texts.push_back(
      {.which = which, .index = index, .part = {}, .repair = {}, .shown = {}, .annotations = {}});
  return item.texts.back();
}

// What an item says of itself when it begins, and again when it is done.
void ResponsesItems::know(Item& item, const ResponseItem& said, AnswerWriter& writer) {
  if (item.type.empty()) item.type = said.type;
  if (item.id.empty()) item.id = said.id;
  if (item.part || !is_call(said.type)) return;
  too_long_ = too_long_ || said.call_id.size() > limits::call_id_bytes_max ||
              said.name.size() > limits::name_bytes_max;
  item.custom = item.custom || said.type == "custom_tool_call";
  if (item.call_id.empty()) item.call_id = said.call_id;
  if (item.name.empty()) item.name = said.name;
  if (!item.name.empty()) start_call(item, writer);
}

// --- Texts ---------------------------------------------------------------------------------------

void ResponsesItems::take_whole(Item& item, const ItemPiece& piece, AnswerWriter& writer) {
  const std::string whole = valid_utf8(piece.text);
  Text& text = text_at(item, piece.which, piece.index);
  if (!whole.starts_with(text.shown)) return;
  text.repair = {};
  show(item, text, whole.substr(text.shown.size()), writer);
}

void ResponsesItems::show(Item& item, Text& text, std::string fresh, AnswerWriter& writer) {
  if (fresh.empty()) return;
  bytes_ += fresh.size();
  text.shown += fresh;
  if (is_call(text.which)) {
    item.custom = item.custom || (!item.part && text.which == ItemText::input);
    show_call(item, fresh, writer);
  } else if (is_reasoning(text.which)) {
    show_reasoning(item, text, std::move(fresh), writer);
  } else if (text.part) {
    writer.append(*text.part, std::move(fresh));
  } else {
    text.part = writer.start(TextPart{std::move(fresh)});
  }
}

void ResponsesItems::show_reasoning(Item& item, const Text& text, std::string fresh,
                                    AnswerWriter& writer) {
  if (!item.part) {
    item.part = writer.start(ReasoningPart{std::move(fresh)});
    return;
  }
  const bool begins = text.shown.size() == fresh.size();
  writer.append(*item.part, (begins ? "\n\n" : "") + fresh);
}

// --- Calls ---------------------------------------------------------------------------------------

void ResponsesItems::show_call(Item& item, std::string_view fresh, AnswerWriter& writer) {
  std::string text(fresh);
  if (item.custom) {
    text.clear();
    append_escaped(text, fresh);
  }
  if (item.part) {
    writer.append(*item.part, std::move(text));
  } else {
    item.waiting += text;
  }
}

void ResponsesItems::start_call(Item& item, AnswerWriter& writer) {
  ids_.push_back(id_of(item));
  bytes_ += ids_.back().size() + item.name.size();
  std::string text = std::exchange(item.waiting, {});
  if (item.custom) text.insert(0, custom_begin);
  item.part = writer.start(
      ToolCallPart{.id = ids_.back(), .name = item.name, .arguments = std::move(text)});
}

// Results name calls by their id, so one that is missing, or that another call has, is made up.
std::string ResponsesItems::id_of(const Item& item) const {
  const bool taken = std::ranges::find(ids_, item.call_id) != ids_.end();
  return item.call_id.empty() || taken ? call_id_of(run_, ids_.size() + 1) : item.call_id;
}

void ResponsesItems::end_call(Item& item, bool whole, AnswerWriter& writer) {
  if (!item.part || !whole) return;
  if (item.custom) return writer.append(*item.part, std::string(custom_end));
  const bool begun = std::ranges::any_of(item.texts, [](const Text& text) {
    return text.shown.find_first_not_of(" \t\r\n") != std::string::npos;
  });
  if (!begun) writer.append(*item.part, "{}");
}

bool ResponsesItems::has_nameless() const {
  return std::ranges::any_of(items_,
                             [](const Item& item) { return !item.part && !item.waiting.empty(); });
}

// --- Ends ----------------------------------------------------------------------------------------

void ResponsesItems::take_done(Item& item, const ResponseItem& said, AnswerWriter& writer) {
  know(item, said, writer);
  for (const ItemPiece& piece : said.texts) take_whole(item, piece, writer);
  end_texts(item, writer);
  item.done = true;
  if (is_call(said.type)) {
    end_call(item, !said.is_cut, writer);
    note(item.part, said.rest, writer);
  } else if (said.type == "reasoning") {
    if (!item.part) item.part = writer.start(ReasoningPart{});
    note(item.part, said.json, writer);
  } else if (said.type == "message") {
    note_texts(item, said, writer);
  } else if (!add_image(said, writer)) {
    add_whole(said, writer);
  }
}

void ResponsesItems::end_texts(Item& item, AnswerWriter& writer) {
  for (Text& text : item.texts) show(item, text, text.repair.finish(), writer);
}

void ResponsesItems::note_texts(Item& item, const ResponseItem& said, AnswerWriter& writer) {
  for (const Text& text : item.texts) {
    if (!text.part) continue;
    const auto piece = std::ranges::find_if(said.texts, [&](const ItemPiece& each) {
      return each.which == text.which && each.index == text.index;
    });
    if (piece == said.texts.end()) continue;
    if (!said.rest.empty() && !piece->rest.empty()) {
      note(text.part, R"({"item":)" + said.rest + R"(,"part":)" + piece->rest + "}", writer);
    }
    const std::string& list = piece->annotations;
    add_annotations(text, list.empty() ? list_of(text.annotations) : list, writer);
  }
}

void ResponsesItems::add_annotations(const Text& text, std::string json, AnswerWriter& writer) {
  if (!text.part || json == "[]") return;
  bytes_ += json.size();
  const std::uint32_t part = writer.start(DataPart{"openai.annotations", Json{std::move(json)}});
  note(part, R"({"type":"annotations"})", writer);
}

void ResponsesItems::add_whole(const ResponseItem& said, AnswerWriter& writer) {
  const bool is_image = said.type == "image_generation_call";
  const std::string& json = is_image ? said.rest : said.json;
  if (json.empty()) return;
  std::string name = "openai." + (said.type.empty() ? "item" : said.type);
  too_long_ = too_long_ || name.size() > limits::name_bytes_max;
  bytes_ += name.size() + json.size();
  const std::uint32_t part = writer.start(DataPart{std::move(name), Json{json}});
  // An image without its bytes does not go back, nor a question without its answer.
  note(part, is_image || said.asks ? R"({"type":"nothing"})" : json, writer);
}

bool ResponsesItems::add_image(const ResponseItem& said, AnswerWriter& writer) {
  if (said.type != "image_generation_call" || said.result.empty()) return false;
  if (!from_base64(said.result)) return false;
  const std::string format = said.output_format.empty() ? "png" : said.output_format;
  std::string media_type = "image/" + format;
  std::string address = "data:" + media_type + ";base64," + said.result;
  if (address.size() > limits::generated_file_bytes_max ||
      media_type.size() > limits::name_bytes_max) {
    return false;
  }
  file_bytes_ += address.size();
  const std::uint32_t part = writer.start(FilePart{std::move(address), std::move(media_type), {}});
  note(part, said.rest, writer);
  return true;
}

void ResponsesItems::note(std::optional<std::uint32_t> part, const std::string& json,
                          AnswerWriter& writer) {
  if (!part || json.empty()) return;
  bytes_ += json.size();
  writer.note(part, Json{json});
}

void ResponsesItems::finish(bool whole, AnswerWriter& writer) {
  for (Item& item : items_) {
    if (std::exchange(item.done, true)) continue;
    end_texts(item, writer);
    end_call(item, whole, writer);
    for (const Text& text : item.texts) {
      add_annotations(text, list_of(text.annotations), writer);
    }
  }
}

}  // namespace lockstep
