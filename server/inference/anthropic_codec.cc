// SPDX-License-Identifier: Apache-2.0
#include "server/inference/anthropic_codec.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/base/codes.h"
#include "schema/json/json_reader.h"
#include "schema/json/json_text.h"
#include "server/inference/answer_words.h"
#include "server/inference/answer_writer.h"
#include "server/inference/anthropic_event.h"
#include "server/inference/chat_calls.h"
#include "server/inference/finish_reason.h"
#include "server/inference/limits.h"
#include "server/inference/openai_codec.h"
#include "server/inference/part_forms.h"
#include "server/inference/run_ids.h"
#include "server/inference/settings.h"
#include "server/inference/upstream_error.h"

namespace lockstep {
namespace {

using EventKind = AnthropicEvent::Kind;

// As all agents name them; others keep their name.
std::string finish_reason_of_stop(std::string_view stop_reason) {
  if (stop_reason == "end_turn") return "stop";
  if (stop_reason == "tool_use") return "tool_calls";
  return std::string(stop_reason);
}

std::string array_of(const std::vector<std::string>& values) {
  std::string out;
  append_array(out, values, [](std::string& to, const std::string& value) { to += value; });
  return out;
}

// An error of the stream without a better code.
Code code_of(const ProviderError& error) {
  const Code code = code_of_stream_error(error);
  if (code.name() != codes::upstream_error.name()) return code;
  if (error.type == "rate_limit_error") return codes::upstream_rate_limited;
  if (error.type == "permission_error") return codes::upstream_unauthorized;
  if (error.type == "invalid_request_error" || error.type == "request_too_large") {
    return codes::upstream_rejected;
  }
  return code;
}

}  // namespace

// The state of the stream so far.
struct AnthropicDecoder::Machine {
  Machine(const RunId& run, std::string origin, Redactor redacts)
      : redactor(std::move(redacts)),
        writer(message_id_of(run, 1), std::move(origin)),
        calls(run) {}

  Redactor redactor;
  AnswerWriter writer;
  ChatCalls calls;
  bool ended = false;
  bool emitted = false;
  bool has_message = false;
  bool has_nameless = false;  // a call without a name
  std::string foreign;        // the other protocol that an event showed; empty: none
  std::size_t bytes = 0;
  std::string finish_reason;
  std::string model;
  std::string container;
  std::vector<JsonMember> usage;

  std::optional<AnthropicBlock> block;  // the open one
  std::optional<std::uint32_t> part;    // its part, once it has begun
  std::string partial_json;             // of its input
  std::vector<JsonMember> grown;        // texts that came in pieces, without quotes
  std::int64_t block_number = 0;

  // A text of the server that is not the model's answer, without secrets.
  [[nodiscard]] std::string said(std::string_view text) const { return redactor.sentence(text); }

  std::vector<Step> give() {
    std::vector<Step> steps = writer.give();
    emitted = emitted || !steps.empty();
    return steps;
  }

  // --- Blocks ------------------------------------------------------------------------------------

  void write(AnswerWriter::Kind kind, std::string_view piece) {
    if (piece.empty()) return;
    bytes += piece.size();
    writer.write(kind, piece);
    if (!part) part = writer.parts() - 1;
  }

  void start(AnthropicBlock begun) {
    stop();
    ++block_number;
    block = std::move(begun);
    for (const JsonMember& member : block->members) bytes += member.value.size();
    for (const std::string& citation : block->citations) bytes += citation.size();
    bytes += block->input.size() + block->signature.size();
    if (block->type == "tool_use") {
      start_call();
    } else {
      write(AnswerWriter::Kind::text, block->text);
      write(AnswerWriter::Kind::reasoning, block->thinking);
    }
  }

  // Id and name are final from the beginning, so the call's part begins at once.
  void start_call() {
    bytes += block->id.size() + block->name.size();
    const std::uint32_t parts = writer.parts();
    calls.take({{.index = block_number, .id = block->id, .name = block->name, .arguments = {}}},
               writer);
    calls.settle(writer);
    has_nameless = has_nameless || block->name.empty();
    if (writer.parts() == parts) return;  // without a name there is no part
    part = parts;
    if (!block->caller.empty()) writer.note(part, Json{R"({"caller":)" + block->caller + "}"});
  }

  void add_arguments(const std::string& text) {
    if (!part || text.empty()) return;
    calls.take({{.index = block_number, .id = {}, .name = {}, .arguments = text}}, writer);
  }

  void take_delta(AnthropicDelta delta) {
    if (!block) {
      // Without a beginning: a gateway left it out.
      if (delta.text.empty() && delta.thinking.empty()) return;
      AnthropicBlock begun;
      begun.type = delta.text.empty() ? "thinking" : "text";
      start(std::move(begun));
    }
    write(AnswerWriter::Kind::text, delta.text);
    write(AnswerWriter::Kind::reasoning, delta.thinking);
    bytes += delta.signature.size() + delta.citation.size() + delta.partial_json.size();
    block->signature += delta.signature;
    if (!delta.citation.empty()) block->citations.push_back(std::move(delta.citation));
    partial_json += delta.partial_json;
    if (block->type == "tool_use") add_arguments(delta.partial_json);
    for (const JsonMember& member : delta.other) add_member(member);
  }

  // Texts grow, all else is replaced.
  void add_member(const JsonMember& member) {
    bytes += member.key.size() + member.value.size();
    const auto read = read_json(member.value, unbounded_json(limits::json_depth_max));
    std::vector<JsonMember>& members = block->members;
    if (read && read->root().is_string()) {
      const auto text = std::ranges::find(grown, member.key, &JsonMember::key);
      if (text != grown.end()) {
        text->value += read->root().text();
      } else if (grown.size() < limits::grown_members_max) {
        grown.push_back({member.key, std::string(read->root().text())});
      }
    } else if (find_member(members, member.key) || members.size() < limits::grown_members_max) {
      set_member(members, member.key, member.value);
    }
  }

  // The open block is whole.
  void stop() {
    if (!block) return;
    writer.close_text();
    if (block->type == "text") {
      stop_text();
    } else if (block->type == "thinking") {
      stop_thinking();
    } else if (block->type == "tool_use") {
      if (partial_json.empty()) add_arguments(block->input);
    } else if (!block->members.empty()) {
      stop_other();
    }
    drop_block();
  }

  void drop_block() {
    block.reset();
    part.reset();
    partial_json.clear();
    grown.clear();
  }

  void stop_text() {
    if (block->citations.empty()) return;
    const std::string citations = array_of(block->citations);
    const std::uint32_t shown =
        writer.start(DataPart{"citations", Json{without_encrypted(citations)}});
    if (!part) return;
    writer.note(part, Json{R"({"citations":)" + citations + "}"});
    writer.note(shown, Json{R"({"cites":)" + std::to_string(*part) + "}"});
  }

  void stop_thinking() {
    if (block->signature.empty()) return;
    if (!part) part = writer.start(ReasoningPart{});
    writer.note(part, Json{R"({"signature":)" + json_string(block->signature) + "}"});
  }

  void stop_other() {
    if (!partial_json.empty()) {
      const std::string input = valid_utf8(partial_json);
      if (is_json_object(input)) set_member(block->members, "input", input);
    }
    for (const JsonMember& text : grown) {
      set_member(block->members, text.key, json_string(text.value));
    }
    const std::string whole = json_object(block->members);
    const std::uint32_t shown = block->type == "redacted_thinking"
                                    ? writer.start(ReasoningPart{})
                                    : writer.start(DataPart{"anthropic." + plain_name(block->type),
                                                            Json{without_encrypted(whole)}});
    writer.note(shown, Json{whole});
  }

  // --- The end -----------------------------------------------------------------------------------

  [[nodiscard]] RunError crossed() const {
    return crossed_limit({.bytes = bytes,
                          .parts = std::max<std::size_t>(writer.parts(), calls.size()),
                          .has_long_name = calls.has_too_long()});
  }

  // The run's end also ends an interrupted message, with the run's status.
  void end_run(RunStatus status, std::optional<RunError> error) {
    const bool whole = status == RunStatus::completed && !meaning_of(finish_reason).cut_by_length;
    if (whole) {
      stop();
    } else {
      writer.close_text();
      drop_block();  // half of it, which no provider takes back
    }
    calls.finish(whole, writer);
    if (!container.empty() && writer.has_content()) {
      writer.note({}, Json{R"({"container":)" + json_string(container) + "}"});
    }
    std::optional<Json> spent;
    if (!usage.empty()) spent = clean_usage(Json{json_object(usage)}, redactor);
    writer.end({.status = status,
                .error = std::move(error),
                .usage = spent,
                .finish = finish_of(finish_reason, model, redactor)},
               spent);
    ended = true;
  }

  void fail(Code code, std::string detail) {
    end_run(RunStatus::failed, RunError{code, std::move(detail)});
  }

  // The server says that the answer is complete.
  void end_as_complete() {
    if (const auto failure = meaning_of(finish_reason).failure) {
      fail(*failure, "The model server ended the answer: " + said(finish_reason) + ".");
    } else if (has_nameless || calls.has_nameless()) {
      fail(codes::upstream_malformed, "A tool call has no name.");
    } else {
      end_run(RunStatus::completed, {});
    }
  }

  void fail_as_foreign() {
    const std::string guess = foreign.empty() ? "" : ", but " + foreign;
    fail(codes::upstream_malformed,
         "The model server's answer is none of the Messages API" + guess + ". Check `base_url`.");
  }

  // --- Events ------------------------------------------------------------------------------------

  void take_about(const AnthropicEvent& event) {
    if (!event.model.empty()) model = event.model;
    if (!event.container.empty()) container = event.container;
    if (!event.stop_reason.empty()) finish_reason = finish_reason_of_stop(event.stop_reason);
    if (!event.usage) return;
    const auto members = json_members(*event.usage);
    for (const JsonMember& member : members.value_or(std::vector<JsonMember>())) {
      if (member.value != "null" || !find_member(usage, member.key)) {
        set_member(usage, member.key, member.value);
      }
    }
  }

  void take(AnthropicEvent event) {
    if (foreign.empty()) foreign = event.foreign;
    has_message = has_message || (event.kind != EventKind::other && event.kind != EventKind::error);
    take_about(event);
    for (AnthropicBlock& begun : event.blocks) {
      start(std::move(begun));
      if (event.kind == EventKind::message) stop();
    }
    if (event.kind == EventKind::block_delta) take_delta(std::move(event.delta));
    if (event.kind == EventKind::block_stop) stop();
    const RunError beyond = crossed();
    if (!beyond.code.empty()) {
      end_run(RunStatus::failed, beyond);
    } else if (event.error) {
      fail(code_of(*event.error), said(event.error->message));
    } else if (event.kind == EventKind::message_stop) {
      end_as_complete();
    }
  }
};

AnthropicDecoder::AnthropicDecoder(const RunId& run, std::string origin, Redactor redactor)
    : machine_(std::make_unique<Machine>(run, std::move(origin), std::move(redactor))) {}
AnthropicDecoder::~AnthropicDecoder() = default;
AnthropicDecoder::AnthropicDecoder(AnthropicDecoder&&) noexcept = default;
AnthropicDecoder& AnthropicDecoder::operator=(AnthropicDecoder&&) noexcept = default;

std::vector<Step> AnthropicDecoder::take(std::string_view data) {
  if (machine_->ended || data.find_first_not_of(" \t\r\n") == std::string_view::npos) return {};
  if (is_end_mark(data)) return end();  // a gateway's
  if (auto event = read_anthropic_event(data)) {
    machine_->take(std::move(*event));
  } else {
    machine_->fail(codes::upstream_malformed,
                   "The model server sent an unreadable event: " + machine_->said(data));
  }
  return machine_->give();
}

std::vector<Step> AnthropicDecoder::take_error(std::string_view data) {
  if (machine_->ended) return {};
  const ProviderError error = error_of_text(data);
  machine_->fail(code_of(error), machine_->said(error.message));
  return machine_->give();
}

std::vector<Step> AnthropicDecoder::take_whole(std::string_view body) {
  if (machine_->ended) return {};
  auto event = read_anthropic_event(body, ErrorCertainty::refusal);
  if (!event || (event->kind != EventKind::message && event->kind != EventKind::error &&
                 event->foreign.empty())) {
    return end(RunStatus::failed,
               {codes::upstream_malformed,
                "The model server did not answer with a stream: " + machine_->said(body)});
  }
  machine_->take(std::move(*event));
  if (machine_->ended) return machine_->give();
  if (machine_->has_message) {
    machine_->end_as_complete();
  } else {
    machine_->fail_as_foreign();
  }
  return machine_->give();
}

std::vector<Step> AnthropicDecoder::end() {
  if (!machine_->foreign.empty() && !machine_->has_message && !machine_->ended) {
    machine_->fail_as_foreign();
    return machine_->give();
  }
  return end(RunStatus::interrupted, {codes::upstream_interrupted,
                                      "The model server's stream ended before its stop reason."});
}

std::vector<Step> AnthropicDecoder::end(RunStatus status, RunError trouble) {
  if (machine_->ended) return {};
  if (finished()) {
    machine_->end_as_complete();
  } else {
    machine_->end_run(status, std::move(trouble));
  }
  return machine_->give();
}

bool AnthropicDecoder::ended() const { return machine_->ended; }
bool AnthropicDecoder::emitted() const { return machine_->emitted; }
bool AnthropicDecoder::finished() const { return !machine_->finish_reason.empty(); }

}  // namespace lockstep
