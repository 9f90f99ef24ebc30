// SPDX-License-Identifier: Apache-2.0
#include "server/inference/responses_input.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <variant>

#include "schema/json/json_members.h"
#include "schema/json/json_text.h"
#include "server/inference/chat_messages.h"
#include "server/inference/context_fit.h"
#include "server/inference/part_forms.h"
#include "server/inference/responses_own.h"

namespace lockstep {
namespace {

// The users' turns have several authors: `name` is no member of a message.
bool has_several_authors(const std::vector<Turn>& turns) {
  const std::string* first = nullptr;
  for (const Turn& turn : turns) {
    if (turn.role != Role::user) continue;
    for (const Section& section : turn.sections) {
      if (section.author.empty()) continue;
      if (first && section.author != *first) return true;
      first = &section.author;
    }
  }
  return false;
}

// The API refuses a request that has an item's id twice; an item needs none.
void append_once(std::string& out, const std::string& item, std::set<std::string>& ids) {
  const auto members = json_members(item);
  const std::string* id = members ? find_member(*members, "id") : nullptr;
  if (!id || ids.insert(*id).second) {
    out += item;
    return;
  }
  out += '{';
  for (const JsonMember& member : *members) {
    if (member.key != "id") append_member(out, member.key, member.value);
  }
  out += '}';
}

bool has_reasoning(const Message& message) {
  return std::ranges::any_of(
      message.parts, [](const Part& part) { return std::holds_alternative<ReasoningPart>(part); });
}

// Writes the items of a request.
class Items {
 public:
  Items(const std::vector<Turn>& turns, const RequestSettings& settings, Repairs& repairs)
      : settings_(settings), repairs_(repairs), several_authors_(has_several_authors(turns)) {
    for (const Turn& turn : turns) {
      if (turn.role == Role::assistant) {
        add_assistant(turn);
      } else {
        add_message(turn);
      }
    }
  }

  [[nodiscard]] std::string take() const {
    std::string out;
    std::set<std::string> ids;
    append_array(out, items_,
                 [&ids](std::string& to, const std::string& item) { append_once(to, item, ids); });
    return out;
  }

 private:
  // --- Users and the system ----------------------------------------------------------------------

  void add_message(const Turn& turn) {
    std::string item = R"({"type":"message")";
    append_field(item, "role", name_of(turn.role));
    append_name(item, "content");
    const bool named = several_authors_ && turn.role == Role::user;
    append_array(item, pieces_of(turn, !named, repairs_), append_piece);
    items_.push_back(item + "}");
  }

  static void append_piece(std::string& out, const Piece& piece) {
    switch (piece.kind) {
      case Piece::Kind::text:
        out += R"({"type":"input_text")";
        append_field(out, "text", piece.text);
        break;
      case Piece::Kind::image:
        out += R"({"type":"input_image")";
        append_field(out, "image_url", piece.text);
        break;
      case Piece::Kind::sound:  // the API takes none, and turns have none for it
      case Piece::Kind::document:
        out += R"({"type":"input_file")";
        if (piece.text.starts_with("data:")) {
          const bool named = piece.file && piece.file->name;
          append_field(out, "filename", named ? *piece.file->name : "document.pdf");
          append_field(out, "file_data", piece.text);
        } else {
          append_field(out, "file_url", piece.text);
        }
        break;
    }
    out += '}';
  }

  // --- The assistant -----------------------------------------------------------------------------

  void add_assistant(const Turn& turn) {
    turn_ = &turn;
    name_calls();
    for (const Block& block : turn.blocks) {
      if (block.message != message_) begin_message(block.message);
      if (block.kind == Block::Kind::text && is_blank(block)) {
        repairs_.add(RepairKind::empty_left_out, message_->id.get());
        leave_reasoning_out();  // its item is left out
        continue;
      }
      if (block.kind != Block::Kind::call) close_calls();
      if (block.kind == Block::Kind::reasoning) {
        take_reasoning(block);
        continue;
      }
      settle_reasoning(block);
      if (block.kind == Block::Kind::text) add_text(block);
      if (block.kind == Block::Kind::call) add_call(block);
      if (block.kind == Block::Kind::data) add_data(block);
    }
    leave_reasoning_out();
    close_text();
    close_calls();
  }

  // Outputs name calls by their ids, so that of a former call gets a number.
  void name_calls() {
    ids_.clear();
    for (const TurnCall& call : turn_->calls) {
      std::string id = call.id;
      for (int number = 2; !taken_.insert(id).second; ++number) {
        id = call.id + "_" + std::to_string(number);
      }
      if (id != call.id) repairs_.add(RepairKind::call_id_changed, call.id);
      ids_.push_back(std::move(id));
    }
  }

  // Servers refuse a text of white space alone.
  static bool is_blank(const Block& block) {
    return !block.within && block.text.find_first_not_of(" \t\r\n") == std::string::npos;
  }

  // Does the call go out as it was?
  [[nodiscard]] bool is_unchanged(const Block& block) const {
    const TurnCall& call = turn_->calls.at(block.call);
    const auto& part = std::get<ToolCallPart>(block.message->parts[*block.part]);
    return call.arguments == part.arguments && call.id == ids_.at(block.call) &&
           call.name == part.name;
  }

  void begin_message(const Message* message) {
    leave_reasoning_out();
    message_ = message;
    plain_ = settings_.reasoning == ReasoningBack::never && has_reasoning(*message);
    // From the first part on that was edited, or that another wrote.
    whole_ = 0;
    while (whole_ < message->parts.size() &&
           own_data({.message = message, .part = whole_}, settings_)) {
      ++whole_;
    }
  }

  // What the API wrote with the block; null: it is to be sent without.
  [[nodiscard]] const OpaqueData* own(const Block& block) const {
    return plain_ || !block.part || *block.part >= whole_ ? nullptr : own_data(block, settings_);
  }

  [[nodiscard]] bool sends_reasoning() const {
    return settings_.reasoning == ReasoningBack::always || !turn_->calls.empty();
  }

  // Reasoning waits for the item that it belongs to.
  void take_reasoning(const Block& block) {
    close_text();
    const OpaqueData* data = own(block);
    std::optional<std::string> item;
    if (data && sends_reasoning()) item = own_reasoning(data->value);
    reasoning_.push_back(item.value_or(""));
    if (!item) leave_reasoning_out();
  }

  void leave_reasoning_out() {
    for (std::size_t left = reasoning_.size(); left > 0; --left) {
      repairs_.add(RepairKind::reasoning_left_out, message_->id.get());
      plain_ = true;
    }
    reasoning_.clear();
  }

  // The block is the item of the reasoning that waits, or it takes its place.
  void settle_reasoning(const Block& block) {
    if (reasoning_.empty()) return;
    if (!is_item(block)) return leave_reasoning_out();
    for (std::string& item : reasoning_) items_.push_back(std::move(item));
    reasoning_.clear();
  }

  // Does the block go out as the item that it was? A text or a call that was cut or edited does
  // not, nor does a line of text for a file or for data.
  [[nodiscard]] bool is_item(const Block& block) const {
    const OpaqueData* data = own(block);
    if (!data) return false;
    const Part& part = block.message->parts[*block.part];
    if (block.kind == Block::Kind::text) return std::holds_alternative<TextPart>(part);
    if (block.kind == Block::Kind::call) return is_unchanged(block);
    return own_item_of(part, data->value).has_value();
  }

  void add_text(const Block& block) {
    const OpaqueData* data = own(block);
    if (block.within && !contents_.empty()) return contents_.back().add(block.text, "");
    std::optional<OwnText> own_text = data ? own_text_of(data->value) : std::nullopt;
    if (!own_text) {
      if (!contents_.empty() && item_ == plain_item) {
        return contents_.back().add(block.text, "\n\n");
      }
      own_text = {.item = std::string(plain_item), .part = std::string(plain_part)};
    }
    if (own_text->item != item_ || item_ == plain_item) close_text();
    item_ = std::move(own_text->item);
    contents_.push_back({std::move(own_text->part), block.text, own_text->refusal});
  }

  void close_text() {
    if (contents_.empty()) return;
    std::string item = item_.substr(0, item_.size() - 1);
    append_name(item, "content");
    append_array(item, contents_, [](std::string& out, const Content& content) {
      out += content.part.substr(0, content.part.size() - 1);
      append_field(out, content.refusal ? "refusal" : "text", content.text);
      out += '}';
    });
    items_.push_back(item + "}");
    contents_.clear();
    item_.clear();
  }

  void add_call(const Block& block) {
    close_text();
    TurnCall call = turn_->calls.at(block.call);
    // What had to be changed is not the item's.
    const OpaqueData* data = is_unchanged(block) ? own(block) : nullptr;
    call.id = ids_.at(block.call);
    OwnCall written = own_call_of(call, data ? &data->value : nullptr);
    items_.push_back(std::move(written.item));
    outputs_.push_back(std::move(written.output));
  }

  void close_calls() {
    for (std::string& output : outputs_) items_.push_back(std::move(output));
    outputs_.clear();
  }

  void add_data(const Block& block) {
    const Part& part = block.message->parts[*block.part];
    if (const OpaqueData* data = own(block)) {
      if (is_annotations(data->value)) return;  // they are in the text's own data
      if (auto item = own_item_of(part, data->value)) {
        close_text();
        items_.push_back(*std::move(item));
        return;
      }
    }
    const auto* file = std::get_if<FilePart>(&part);
    const auto* value = std::get_if<DataPart>(&part);
    repairs_.add(file ? RepairKind::file_as_text : RepairKind::data_as_text,
                 block.message->id.get());
    Block line = block;
    line.part.reset();
    line.text = file ? note_of(*file) : value ? note_of(*value) : "";
    add_text(line);
  }

  struct Content {
    std::string part;  // JSON object, without the text
    std::string text;
    bool refusal = false;

    void add(const std::string& more, std::string_view between) {
      text += between;
      text += more;
    }
  };
  static constexpr std::string_view plain_item = R"({"type":"message","role":"assistant"})";
  static constexpr std::string_view plain_part = R"({"type":"output_text"})";

  const RequestSettings& settings_;
  Repairs& repairs_;
  bool several_authors_;
  std::vector<std::string> items_;
  const Turn* turn_ = nullptr;
  const Message* message_ = nullptr;
  bool plain_ = false;                  // the message's parts go without their own data
  std::uint32_t whole_ = 0;             // its first part without any
  std::vector<std::string> reasoning_;  // items that wait for the next one
  std::string item_;                    // of the open texts: without its content
  std::vector<Content> contents_;
  std::vector<std::string> outputs_;  // of the calls that were written last
  std::vector<std::string> ids_;      // of the turn's calls, as they are sent
  std::set<std::string> taken_;       // ids of calls in the request
};

}  // namespace

std::string responses_input(const std::vector<Turn>& turns, const RequestSettings& settings,
                            Repairs& repairs) {
  return Items(turns, settings, repairs).take();
}

Sent compose_responses(const Context& context, const RequestSettings& settings) {
  Repairs repairs;
  Fit fit = settings.context_tokens ? fit_of(context, settings) : Fit{};
  RequestSettings of_path = settings;
  of_path.system.clear();
  std::vector<Turn> turns = turns_of(context, of_path, repairs, fit.first);
  turns = joined(std::move(turns), settings.join, repairs);
  ask_for_the_rest(turns, context, settings, repairs);
  std::string body = "{";
  const std::string* model = find_member(settings.request, "model");
  if (model) append_field_json(body, "model", *model);
  if (!settings.system.empty()) append_field(body, "instructions", settings.system);
  append_field_json(body, "input", responses_input(turns, settings, repairs));
  for (const JsonMember& member : settings.request) {
    if (member.key == "model") continue;
    append_member(body, member.key, member.value);
  }
  body += '}';
  for (const std::string& name : settings.ignored) {
    repairs.add(RepairKind::parameter_left_out, name);
  }
  return {.body = std::move(body), .repairs = repairs.take(), .refusal = std::move(fit.refusal)};
}

}  // namespace lockstep
