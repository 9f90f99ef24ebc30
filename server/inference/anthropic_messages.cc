// SPDX-License-Identifier: Apache-2.0
#include "server/inference/anthropic_messages.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "schema/json/json_reader.h"
#include "schema/json/json_text.h"
#include "server/inference/anthropic_blocks.h"
#include "server/inference/anthropic_params.h"
#include "server/inference/context_fit.h"
#include "server/inference/limits.h"
#include "server/inference/part_forms.h"
#include "server/inference/repairs.h"
#include "server/inference/turns.h"

namespace lockstep {
namespace {

using OutKind = OutBlock::Kind;

// How far behind the last one a mark of the cache stands: two requests then share one.
constexpr std::size_t marked_messages = 2;

bool has_kind(const OutMessage& message, OutKind kind) {
  return std::ranges::any_of(message.blocks,
                             [kind](const OutBlock& block) { return block.kind == kind; });
}

// Writes the messages of a request.
class Writing {
 public:
  Writing(const std::vector<Turn>& turns, const RequestSettings& settings, Repairs& repairs)
      : turns_(turns), settings_(settings), repairs_(repairs), server_calls_(turns, settings) {
    std::set<std::string> authors;
    for (const Turn& turn : turns) {
      for (const Section& section : turn.sections) {
        if (turn.role == Role::user && !section.author.empty()) authors.insert(section.author);
      }
    }
    named_ = authors.size() > 1;
  }

  std::vector<OutMessage> take() {
    for (const Turn& turn : turns_) {
      if (turn.role == Role::assistant) {
        add_assistant(turn);
      } else {
        add_user(turn);
      }
    }
    return std::move(messages_);
  }

 private:
  OutMessage& message_of(Role role) {
    if (messages_.empty() || messages_.back().role != role) messages_.push_back({.role = role});
    return messages_.back();
  }

  static OutBlock text_block(std::string_view text) {
    return {.kind = OutKind::text, .text = std::string(text)};
  }

  // --- Users -------------------------------------------------------------------------------------

  void add_user(const Turn& turn) {
    OutMessage& message = message_of(Role::user);
    for (const Section& section : turn.sections) {
      std::string prefix;
      if (named_ && !section.author.empty() && !section.pieces.empty()) {
        prefix = section.author + ": ";
        repairs_.add(RepairKind::author_in_text, section.message);
      }
      for (const Piece& piece : section.pieces) add_piece(message, section, piece, prefix);
    }
    if (message.blocks.empty()) message.blocks.push_back(text_block(opening_sentence));
  }

  // `prefix`: before the first text.
  void add_piece(OutMessage& message, const Section& section, const Piece& piece,
                 std::string& prefix) {
    if (piece.kind != Piece::Kind::text) {
      if (!prefix.empty()) {
        prefix.pop_back();
        message.blocks.push_back(text_block(std::exchange(prefix, {})));
      }
      if (auto block = file_block(piece)) return message.blocks.push_back(std::move(*block));
      repairs_.add(RepairKind::file_as_text, section.message);
      return message.blocks.push_back(text_block(note_of(*piece.file)));
    }
    if (is_white(piece.text)) return repairs_.add(RepairKind::empty_left_out, section.message);
    message.blocks.push_back(text_block(std::exchange(prefix, {}) + piece.text));
  }

  // --- Assistants --------------------------------------------------------------------------------

  void add_assistant(const Turn& turn) {
    std::vector<std::string> ids;
    for (const TurnCall& call : turn.calls) {
      ids.push_back(ids_.take(call.id));
      if (ids.back() != call.id) repairs_.add(RepairKind::call_id_changed, call.id);
    }
    OutMessage& message = message_of(Role::assistant);
    white_.clear();
    for (const Block& block : turn.blocks) add_block(message, turn, block, ids);
    if (!white_.empty()) {
      repairs_.add(RepairKind::empty_left_out, turn.sections.back().message);
    }
    if (std::ranges::all_of(message.blocks, [](const OutBlock& block) {
          return block.kind == OutKind::thinking;
        })) {
      repairs_.add(RepairKind::placeholder, turn.sections.front().message);
      message.blocks.push_back(text_block(empty_sentence));
    }
    if (turn.calls.empty()) return;
    OutMessage& results = message_of(Role::user);
    for (std::size_t at = 0; at < ids.size(); ++at) {
      const TurnCall& call = turn.calls[at];
      results.blocks.push_back(result_block(ids[at], call));
      if (call.failed && is_white(call.result)) {
        repairs_.add(RepairKind::placeholder, turn.sections.front().message);
      }
    }
  }

  void add_block(OutMessage& message, const Turn& turn, const Block& block,
                 const std::vector<std::string>& ids) {
    const OpaqueData* own = own_data(block, settings_);
    switch (block.kind) {
      case Block::Kind::text:
        return add_text(message, block, own);
      case Block::Kind::reasoning:
        return add_thinking(message, block, own);
      case Block::Kind::call:
        return add_call(message, turn.calls[block.call], ids[block.call], own);
      case Block::Kind::data:
        return add_data(message, turn, block, own);
    }
  }

  // White space between two texts belongs to the one before it, or to the one behind it.
  void add_text(OutMessage& message, const Block& block, const OpaqueData* own) {
    OutBlock* before = message.blocks.empty() || message.blocks.back().kind != OutKind::text
                           ? nullptr
                           : &message.blocks.back();
    if (is_white(block.text)) {
      (before ? before->text : white_) += block.text;
      return;
    }
    const std::string text = std::exchange(white_, {}) + block.text;
    if (block.within && before && before->citations.empty()) {
      before->text += text;
      return;
    }
    message.blocks.push_back(text_block(text));
    if (own) message.blocks.back().citations = member_in(own->value, "citations");
  }

  void add_thinking(OutMessage& message, const Block& block, const OpaqueData* own) {
    const std::string signature = own ? member_in(own->value, "signature") : std::string();
    std::string out;
    if (!signature.empty()) {
      out = R"({"type":"thinking","thinking":)";
      append_text(out, block.text);
      append_field_json(out, "signature", signature);
      out += '}';
    } else if (own && !string_in(own->value, "type").empty()) {
      out = own->value.text;
    } else {
      return repairs_.add(RepairKind::reasoning_left_out, block.message->id.get());
    }
    message.blocks.push_back({.kind = OutKind::thinking, .json = std::move(out)});
  }

  static void add_call(OutMessage& message, const TurnCall& call, const std::string& id,
                       const OpaqueData* own) {
    std::string out = R"({"type":"tool_use","id":)";
    append_text(out, id);
    append_field(out, "name", call.name.empty() ? "_" : call.name);
    append_field_json(out, "input", call.arguments);
    const std::string caller = own ? member_in(own->value, "caller") : std::string();
    if (!caller.empty()) append_field_json(out, "caller", caller);
    message.blocks.push_back({.kind = OutKind::call, .json = out + "}"});
  }

  void add_data(OutMessage& message, const Turn& turn, const Block& block, const OpaqueData* own) {
    if (own && is_cited(block, *own)) return;
    const bool open = &turn == &turns_.back() && turn.calls.empty();
    if (own && server_calls_.may_go_back(own->value, open)) {
      message.blocks.push_back({.kind = OutKind::other, .json = own->value.text});
      return;
    }
    repairs_.add(RepairKind::data_as_text, block.message->id.get());
    const auto& data = std::get<DataPart>(block.message->parts[*block.part]);
    message.blocks.push_back(text_block(note_of(data)));
  }

  // Does the data show citations that go back with their text?
  [[nodiscard]] bool is_cited(const Block& block, const OpaqueData& own) const {
    const auto members = json_members(own.value.text);
    const auto text = members ? whole_member(*members, "cites") : std::nullopt;
    if (!text || *text >= block.message->parts.size()) return false;
    Block cited = block;
    cited.part = static_cast<std::uint32_t>(*text);
    return own_data(cited, settings_) != nullptr;
  }

  const std::vector<Turn>& turns_;
  const RequestSettings& settings_;
  Repairs& repairs_;
  ServerCalls server_calls_;
  CallIds ids_;
  bool named_ = false;  // are there several authors?
  std::string white_;   // of an assistant's message, before its first text
  std::vector<OutMessage> messages_;
};

// --- The request ---------------------------------------------------------------------------------

// Did the provider itself pause the answer that the run goes on with?
bool is_paused(const Context& context) {
  return context.continues && !context.path.empty() &&
         context.path.back().finish.reason == "pause_turn";
}

class Request {
 public:
  Request(const Context& context, const RequestSettings& settings)
      : context_(context), settings_(settings), params_(anthropic_params(settings, repairs_)) {}

  Sent take() {
    Fit fit = settings_.context_tokens ? fit_of(context_, settings_) : Fit{};
    std::vector<Turn> turns;
    for (Turn& turn : turns_of(context_, settings_, repairs_, fit.first)) take_turn(turn, turns);
    turns = joined(std::move(turns), true, repairs_);
    end_with_user(turns);
    begin_with_user(turns);
    messages_ = Writing(turns, settings_, repairs_).take();
    cut_white_end();
    look_at_thinking();
    for (const std::string& name : settings_.ignored) {
      repairs_.add(RepairKind::parameter_left_out, name);
    }
    std::string body = written();
    return {.body = std::move(body), .repairs = repairs_.take(), .refusal = std::move(fit.refusal)};
  }

 private:
  void take_turn(Turn& turn, std::vector<Turn>& turns) {
    if (turn.role != Role::system) {
      turns.push_back(std::move(turn));
      return;
    }
    const Section& section = turn.sections.front();
    if (!turns.empty()) repairs_.add(RepairKind::system_moved, section.message);
    for (const Piece& piece : section.pieces) {
      if (is_white(piece.text)) continue;
      system_.push_back({.kind = OutKind::text, .text = piece.text});
    }
  }

  // Without a user's turn at the end, the model would go on with its last answer, which many models
  // refuse.
  void end_with_user(std::vector<Turn>& turns) {
    if (turns.empty() || turns.back().role != Role::assistant || !turns.back().calls.empty())
      return;
    const bool prefills = settings_.prefill && params_.thinking == Thinking::off;
    if (prefills || is_paused(context_)) return;
    repairs_.add(RepairKind::continue_asked, turns.back().sections.back().message);
    turns.push_back(users(continue_sentence));
  }

  void begin_with_user(std::vector<Turn>& turns) {
    if (!turns.empty() && turns.front().role == Role::user) return;
    const bool empty = turns.empty() && context_.path.empty();
    if (!empty) {
      repairs_.add(RepairKind::placeholder, turns.empty() ? context_.path.back().id.get()
                                                          : turns.front().sections.front().message);
    }
    turns.insert(turns.begin(), users(opening_sentence));
  }

  static Turn users(std::string_view sentence) {
    return {.role = Role::user,
            .sections = {{{}, {}, {{Piece::Kind::text, std::string(sentence)}}}}};
  }

  // The API refuses white space at the end of an answer that the model is to go on with.
  void cut_white_end() {
    OutMessage& last = messages_.back();
    if (last.role != Role::assistant || last.blocks.back().kind != OutKind::text) return;
    std::string& text = last.blocks.back().text;
    const std::size_t end = text.find_last_not_of(" \t\r\n") + 1;
    if (end == text.size()) return;
    text.resize(end);
    repairs_.add(RepairKind::space_cut, last_with_text(context_.path));
  }

  // Calls and results back to the last question are one turn of the model. Its first message has to
  // begin with thinking, if the model is to think.
  void look_at_thinking() {
    if (params_.thinking != Thinking::on || !has_kind(messages_.back(), OutKind::result)) return;
    std::size_t first = messages_.size() - 2;
    while (first >= 2 && is_only_results(messages_[first - 1])) first -= 2;
    if (messages_[first].blocks.front().kind == OutKind::thinking) return;
    repairs_.add(RepairKind::thinking_off, "thinking");
    params_.switch_thinking_off();
  }

  static bool is_only_results(const OutMessage& message) {
    return std::ranges::all_of(message.blocks,
                               [](const OutBlock& block) { return block.kind == OutKind::result; });
  }

  // --- Bytes -------------------------------------------------------------------------------------

  std::string written() {
    std::size_t marks = settings_.cache ? limits::cache_marks_max -
                                              std::min(limits::cache_marks_max, params_.cache_marks)
                                        : 0;
    std::string body = "{";
    if (const std::string* model = find_member(params_.members, "model")) {
      append_field_json(body, "model", *model);
    }
    if (!system_.empty()) {
      const bool marked = marks > 0;
      if (marked) --marks;
      append_name(body, "system");
      append_array(body, system_, [&](std::string& out, const OutBlock& block) {
        out += block.written(marked && &block == &system_.back());
      });
    }
    append_messages(body, std::min(marks, marked_messages));
    for (const JsonMember& member : params_.members) {
      if (member.key == "model") continue;
      append_member(body, member.key, member.value);
    }
    if (const std::string container = open_container(); !container.empty()) {
      append_field_json(body, "container", container);
    }
    return body + "}";
  }

  // The last messages of the user are marked.
  void append_messages(std::string& body, std::size_t marks) const {
    std::vector<const OutMessage*> marked;
    for (std::size_t at = messages_.size(); at-- > 0 && marked.size() < marks;) {
      if (messages_[at].role == Role::user) marked.push_back(&messages_[at]);
    }
    append_name(body, "messages");
    append_array(body, messages_, [&](std::string& out, const OutMessage& message) {
      const bool last = std::ranges::find(marked, &message) != marked.end();
      out += '{';
      append_field(out, "role", name_of(message.role));
      append_name(out, "content");
      append_array(out, message.blocks, [&](std::string& to, const OutBlock& block) {
        to += block.written(last && &block == &message.blocks.back());
      });
      out += '}';
    });
  }

  // A call that the model's own code made waits in the machine that runs the code.
  [[nodiscard]] std::string open_container() const {
    if (find_member(params_.members, "container")) return {};
    if (messages_.size() < 2 || !has_kind(messages_.back(), OutKind::result)) return {};
    for (auto message = context_.path.rbegin(); message != context_.path.rend(); ++message) {
      if (message->role != Role::assistant) continue;
      const OpaqueData* own = message->opaque.of(std::nullopt);
      return own && own->origin == settings_.origin ? member_in(own->value, "container") : "";
    }
    return {};
  }

  const Context& context_;
  const RequestSettings& settings_;
  Repairs repairs_;
  AnthropicParams params_;
  std::vector<OutBlock> system_;
  std::vector<OutMessage> messages_;
};

}  // namespace

Sent compose_anthropic(const Context& context, const RequestSettings& settings) {
  return Request(context, settings).take();
}

}  // namespace lockstep
