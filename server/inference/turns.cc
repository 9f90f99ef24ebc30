// SPDX-License-Identifier: Apache-2.0
#include "server/inference/turns.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>
#include <variant>

#include "engine/base/must.h"
#include "engine/rules/call_results.h"
#include "schema/json/json_reader.h"
#include "schema/json/json_text.h"
#include "server/inference/attached_files.h"
#include "server/inference/limits.h"
#include "server/inference/part_forms.h"
#include "server/inference/summary.h"

namespace lockstep {
namespace {

// Servers refuse a content of white space alone, like an empty one.
bool is_blank(const Message& message) {
  return std::ranges::all_of(message.parts, [](const Part& part) {
    const auto* text = std::get_if<TextPart>(&part);
    const bool blank = text && text->text.find_first_not_of(" \t\r\n") == std::string::npos;
    return blank || std::holds_alternative<ReasoningPart>(part) ||
           std::holds_alternative<ToolResultPart>(part);
  });
}

std::vector<const Message*> pointers_to(const std::vector<Message>& path) {
  std::vector<const Message*> pointers;
  pointers.reserve(path.size());
  for (const Message& message : path) pointers.push_back(&message);
  return pointers;
}

}  // namespace

bool takes_blocks(const RequestSettings& settings) {
  return settings.kind == "anthropic" || settings.kind == "openai-responses";
}

const OpaqueData* own_data(const Message& message, std::optional<std::uint32_t> part,
                           const RequestSettings& settings) {
  const OpaqueData* data = message.opaque.of(part);
  return data && !settings.origin.empty() && data->origin == settings.origin ? data : nullptr;
}

const OpaqueData* own_data(const Block& block, const RequestSettings& settings) {
  return block.part ? own_data(*block.message, block.part, settings) : nullptr;
}

namespace {

// Walks the path once. A call takes its result with it from wherever the path has it.
class Gathering {
 public:
  Gathering(const Context& context, const RequestSettings& settings, Repairs& repairs,
            std::size_t first)
      : context_(context),
        settings_(settings),
        repairs_(repairs),
        blocks_(takes_blocks(settings)),
        first_(first),
        left_out_(first < context.path.size() && is_summary(context.path[first])
                      ? RepairKind::summarised
                      : RepairKind::dropped),
        matched_(match_results(pointers_to(context.path))) {
    for (const Unanswered& each : context.unanswered) unanswered_[each.message] = each.status;
    for (std::size_t call = 0; call < matched_.calls.size(); ++call) {
      const CallResult& each = matched_.calls[call];
      if (each.result) calls_of_[{each.result->message, each.result->part}] = call;
      if (each.replaced) calls_of_[{each.replaced->message, each.replaced->part}] = call;
    }
  }

  std::vector<Turn> take() {
    if (!settings_.system.empty()) {
      turns_.push_back(
          {.role = Role::system, .sections = {{{}, {}, {{Piece::Kind::text, settings_.system}}}}});
    }
    for (std::size_t at = 0; at < context_.path.size(); ++at) {
      if (is_dropped(at)) {
        drop(at);
        sent_ = false;
      } else {
        add(at);
      }
    }
    MUST(next_call_ == matched_.calls.size());
    for (const PartPlace& stray : matched_.strays) {
      if (is_dropped(stray.message)) continue;
      repairs_.add(RepairKind::result_left_out, result_at(stray).call);
    }
    return std::move(turns_);
  }

 private:
  [[nodiscard]] bool is_dropped(std::size_t at) const {
    return at < first_ && context_.path[at].role != Role::system;
  }

  // A call takes its result with it, also from a message that is not dropped.
  void drop(std::size_t at) {
    repairs_.add(left_out_, context_.path[at].id.get());
    for (; next_call_ < matched_.calls.size(); ++next_call_) {
      const CallResult& call = matched_.calls[next_call_];
      if (call.call.message != at) return;
      if (call.result && !is_dropped(call.result->message)) {
        repairs_.add(RepairKind::result_left_out, result_at(*call.result).call);
      }
    }
  }

  void add(std::size_t at) {
    at_ = at;
    message_ = &context_.path[at];
    const bool follows = at > 0 && message_->continues == context_.path[at - 1].id;
    goes_on_ = follows && (goes_on_ || sent_);
    continues_ = goes_on_;
    continued_ = at + 1 < context_.path.size() ? context_.path[at + 1].continues == message_->id
                                               : context_.continues == message_->id;
    sent_ = false;
    brings_result_ = false;
    blank_ = !goes_on_ && !continued_ && is_blank(*message_);
    open_turn();
    for (part_ = 0; part_ < message_->parts.size(); ++part_) {
      std::visit([this](const auto& value) { add_part(value); }, message_->parts[part_]);
    }
    blank_ = false;
    if (!sent_) stand_in();
    close_turn();
    const auto unanswered = unanswered_.find(message_->id);
    if (unanswered != unanswered_.end()) add_sentence(unanswered->second == RunStatus::stopped);
  }

  // For a message of which nothing is sent. One that only brings results needs nothing, and neither
  // does a part of an answer: the sentence is about whole ones.
  void stand_in() {
    if (brings_result_) return;
    if (message_->role != Role::assistant || continued_ || goes_on_) {
      repairs_.add(RepairKind::empty_left_out, message_->id.get());
      return;
    }
    repairs_.add(RepairKind::placeholder, message_->id.get());
    add_text(message_->status == MessageStatus::stopped ? stopped_sentence : empty_sentence);
  }

  // The answer that a message lacks.
  void add_sentence(bool stopped) {
    repairs_.add(RepairKind::placeholder, message_->id.get());
    const std::string sentence(stopped ? stopped_sentence : empty_sentence);
    turns_.push_back({.role = Role::assistant,
                      .sections = {{message_->id.get(), {}, {{Piece::Kind::text, sentence}}}}});
    if (blocks_) turns_.back().blocks.push_back({.message = message_, .text = sentence});
  }

  // --- The open turn -----------------------------------------------------------------------------

  void open_turn() {
    turn_ = Turn();
    // What stands for older turns begins the conversation, so it is the user's.
    const bool begins = at_ == first_ && first_ > 0 && is_summary(*message_);
    turn_.role = message_->role == Role::tool || begins ? Role::user : message_->role;
    turn_.sections.push_back({message_->id.get(), author(), {}, continues_, continues_});
    add_opaque({});
    first_call_ = next_call_;
    behind_result_ = false;
  }

  // Drops a turn that has only reasoning: providers refuse it.
  void close_turn() {
    const Section& section = turn_.sections.front();
    const bool has_data = std::ranges::any_of(
        turn_.blocks, [](const Block& block) { return block.kind == Block::Kind::data; });
    if (section.pieces.empty() && turn_.calls.empty() && !has_data) {
      for (const std::string& id : turn_.reasoned) repairs_.add(RepairKind::reasoning_left_out, id);
      return;
    }
    if (!section.author.empty() && section.author != *message_->author) {
      repairs_.add(RepairKind::name_changed, section.message);
    }
    turns_.push_back(std::exchange(turn_, Turn{}));
    continues_ = false;
  }

  [[nodiscard]] std::string author() const {
    if (!settings_.names || !message_->author || message_->role == Role::tool) return {};
    return plain_name(*message_->author);
  }

  // The text of an assistant behind a result goes into a turn of its own, behind that result.
  void next_turn_behind_result() {
    if (!behind_result_) return;
    close_turn();
    open_turn();
  }

  // --- Parts -------------------------------------------------------------------------------------

  void add_text(std::string_view text) {
    if (text.empty() || blank_) return;
    next_turn_behind_result();
    if (message_->role == Role::tool && !sent_) {
      repairs_.add(RepairKind::tool_text_as_users, message_->id.get());
    }
    turn_.sections.front().pieces.push_back({Piece::Kind::text, std::string(text)});
    add_block(Block::Kind::text, text);
    sent_ = true;
  }

  // The part as a block, as far as its place and its own data go.
  [[nodiscard]] Block block_of(Block::Kind kind) const {
    Block block{.kind = kind, .message = message_};
    if (part_ < message_->parts.size()) block.part = static_cast<std::uint32_t>(part_);
    return block;
  }

  // Did the provider write the part that is at hand, and can read it back?
  [[nodiscard]] bool is_own() const {
    return blocks_ && turn_.role == Role::assistant &&
           opaque_of(static_cast<std::uint32_t>(part_)) != nullptr;
  }

  void add_block(Block::Kind kind, std::string_view text = {}) {
    if (!blocks_ || turn_.role != Role::assistant) return;
    Block block = block_of(kind);
    block.text = text;
    if (kind == Block::Kind::call) block.call = turn_.calls.size() - 1;
    block.within = kind == Block::Kind::text && continues_ && turn_.blocks.empty();
    turn_.blocks.push_back(std::move(block));
  }

  // The data of a part, or of the message, if this provider wrote it.
  [[nodiscard]] const OpaqueData* opaque_of(std::optional<std::uint32_t> part) const {
    return own_data(*message_, part, settings_);
  }
  void add_opaque(std::optional<std::uint32_t> part) {
    const OpaqueData* data = opaque_of(part);
    if (data && turn_.role == Role::assistant) turn_.opaque.push_back(data);
  }

  void add_part(const TextPart& part) { add_text(part.text); }

  // It does not count as sent: a turn needs more than reasoning.
  void add_part(const ReasoningPart& part) {
    if (part.text.empty() && !is_own()) return;
    if (turn_.role != Role::assistant || settings_.reasoning == ReasoningBack::never) {
      repairs_.add(RepairKind::reasoning_left_out, message_->id.get());
      return;
    }
    next_turn_behind_result();
    if (!turn_.reasoning.empty() && !part.text.empty()) turn_.reasoning += "\n\n";
    turn_.reasoning += part.text;
    add_opaque(static_cast<std::uint32_t>(part_));
    add_block(Block::Kind::reasoning, part.text);
    turn_.reasoned.push_back(message_->id.get());
  }

  void add_part(const ToolCallPart& part) {
    if (message_->role != Role::assistant) {
      repairs_.add(RepairKind::call_left_out, part.id);
      return;
    }
    next_turn_behind_result();
    if (turn_.sections.front().pieces.empty()) turn_.sections.front().within = false;
    const CallResult& matched = matched_.calls.at(next_call_++);
    turn_.calls.push_back({part.id, tool_name_of(part), arguments_of(part),
                           result_of(part, matched), is_failed(matched),
                           opaque_of(static_cast<std::uint32_t>(part_))});
    add_block(Block::Kind::call);
    sent_ = true;
  }

  // The call has taken it, or it is a stray. Only the results of this turn's calls are sent behind
  // it.
  void add_part(const ToolResultPart&) {
    const auto call = calls_of_.find({at_, part_});
    if (call != calls_of_.end() && call->second >= first_call_) behind_result_ = true;
    brings_result_ = true;
  }

  // As this provider takes a user's file.
  [[nodiscard]] Piece::Kind kind_of(const FilePart& part) const {
    if (is_image(part)) return Piece::Kind::image;
    const bool as_data = part.uri.starts_with("data:") && takes_file(settings_, file_kinds::pdf);
    if (is_document(part) && (blocks_ || as_data)) return Piece::Kind::document;
    const bool sound = !sound_form(part).empty() && takes_file(settings_, file_kinds::sound);
    return sound ? Piece::Kind::sound : Piece::Kind::text;
  }

  void add_part(const FilePart& part) {
    const Piece::Kind kind = message_->role == Role::user ? kind_of(part) : Piece::Kind::text;
    if (kind != Piece::Kind::text) {
      turn_.sections.front().pieces.push_back({kind, part.uri, &part});
      sent_ = true;
      return;
    }
    if (is_own()) return add_own();
    repairs_.add(repair_of(part, context_), message_->id.get());
    add_text(note_of(part));
  }

  // Data, or a generated image.
  void add_own() {
    next_turn_behind_result();
    add_block(Block::Kind::data);
    sent_ = true;
  }

  void add_part(const DataPart& part) {
    if (is_own()) return add_own();
    repairs_.add(RepairKind::data_as_text, message_->id.get());
    const bool heads = part_ == 0 && is_summary(*message_);
    add_text(heads ? std::string(summary_sentence) : note_of(part));
  }

  // Models make up names that no server takes back, such as `functions.look`.
  std::string tool_name_of(const ToolCallPart& part) {
    std::string name = plain_name(part.name);
    if (name != part.name) repairs_.add(RepairKind::call_name_changed, part.id);
    return name;
  }

  // Providers refuse a history in which arguments are no object, for ever.
  std::string arguments_of(const ToolCallPart& part) {
    if (part.arguments.empty()) return "{}";
    if (is_json_object(part.arguments)) return part.arguments;
    repairs_.add(RepairKind::arguments_wrapped, part.id);
    std::string wrapped = R"({"invalid_json":)";
    append_text(wrapped, part.arguments);
    return wrapped + "}";
  }

  // Providers refuse a history in which a call has no result.
  std::string result_of(const ToolCallPart& part, const CallResult& matched) {
    if (matched.replaced) repairs_.add(RepairKind::made_result_left_out, part.id);
    if (matched.result) return result_at(*matched.result).content;
    repairs_.add(RepairKind::no_result, part.id);
    return std::string(no_result_sentence);
  }

  [[nodiscard]] bool is_failed(const CallResult& matched) const {
    return matched.result && result_at(*matched.result).failed;
  }

  [[nodiscard]] const ToolResultPart& result_at(const PartPlace& place) const {
    return std::get<ToolResultPart>(context_.path.at(place.message).parts[place.part]);
  }

  const Context& context_;
  const RequestSettings& settings_;
  Repairs& repairs_;
  bool blocks_;  // does the provider take blocks?
  std::size_t first_;
  RepairKind left_out_;  // of the messages before `first_`
  CallResults matched_;
  std::map<std::pair<std::size_t, std::size_t>, std::size_t> calls_of_;  // by a result's place
  std::size_t next_call_ = 0;
  std::size_t first_call_ = 0;  // the open turn's
  std::size_t at_ = 0;          // the place of the message, and of its part
  std::size_t part_ = 0;
  std::unordered_map<MessageId, RunStatus> unanswered_;
  std::vector<Turn> turns_;
  const Message* message_ = nullptr;
  Turn turn_;
  bool goes_on_ = false;        // was anything sent of the answer that the message goes on with?
  bool continues_ = false;      // the same, before its first turn
  bool continued_ = false;      // does the next message, or this run, go on from it?
  bool blank_ = false;          // has the message only white space?
  bool sent_ = false;           // is anything of the message sent?
  bool brings_result_ = false;  // does the message have a result?
  bool behind_result_ = false;  // did a result of the open turn's calls come?
};

}  // namespace

std::vector<Turn> turns_of(const Context& context, const RequestSettings& settings,
                           Repairs& repairs, std::size_t first) {
  return Gathering(context, settings, repairs, first).take();
}

}  // namespace lockstep
