// SPDX-License-Identifier: Apache-2.0
#include "server/inference/openai_codec.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "engine/base/codes.h"
#include "engine/base/must.h"
#include "engine/base/text.h"
#include "schema/json/json_reader.h"
#include "schema/json/json_text.h"
#include "server/inference/chat_chunk.h"
#include "server/inference/limits.h"

namespace lockstep {
namespace {

std::string digest_hex(std::string_view text) {
  Hash hash{};
  unsigned int size = 0;
  const int done = EVP_Digest(text.data(), text.size(), hash.data(), &size, EVP_sha256(), nullptr);
  MUST(done == 1);
  MUST(size == hash.size());
  return to_hex(hash);
}

Step step_of(auto what) { return Step{.seq = 0, .what = std::move(what)}; }

bool is_failure(std::string_view reason) {
  static constexpr std::array<std::string_view, 3> failures = {"error", "content_filter",
                                                               "insufficient_system_resource"};
  return std::ranges::find(failures, reason) != failures.end();
}

bool is_ordinary(std::string_view reason) {
  static constexpr std::array<std::string_view, 3> ordinary = {"stop", "tool_calls",
                                                               "function_call"};
  return std::ranges::find(ordinary, reason) != ordinary.end();
}

}  // namespace

MessageId message_id_of(const RunId& run, std::uint32_t number) {
  const std::string suffix = ".a" + std::to_string(number);
  std::string id = run.get() + suffix;
  if (id.size() > limits::id_bytes_max) id = digest_hex(run.get()) + suffix;
  return MessageId(std::move(id));
}

std::vector<Step> failed_run(RunError error) {
  std::vector<Step> steps;
  steps.push_back(
      step_of(EndRun{.status = RunStatus::failed, .error = std::move(error), .usage = {}}));
  return steps;
}

std::string error_text(std::string_view body, const Redactor& redactor) {
  const std::optional<ChatChunk> chunk = read_chunk(body);
  return redactor.sentence(chunk && chunk->error ? *chunk->error : body);
}

// The state of the stream so far.
struct ChatDecoder::Machine {
  enum class Last { nothing, reasoning, text, call };

  struct Call {
    std::optional<std::int64_t> index;
    std::string id;         // the server's; empty: it gave none
    std::string name;       // empty: the part has not begun yet
    std::string arguments;  // all so far; not in a step until the name is known
    Utf8Repair repair;
    std::uint32_t part = 0;
  };

  RunId run;
  Redactor redactor;
  MessageId message;
  std::vector<Step> steps;
  bool opened = false;
  bool ended = false;
  bool emitted = false;
  Last last = Last::nothing;
  std::uint32_t parts = 0;
  std::size_t bytes = 0;
  Utf8Repair repair;  // of the open reasoning or text part
  std::vector<Call> calls;
  std::string finish_reason;
  std::optional<Json> usage;

  // A text of the server that is not the model's answer, without secrets.
  [[nodiscard]] std::string said(std::string_view text) const { return redactor.sentence(text); }

  std::vector<Step> give() {
    emitted = emitted || !steps.empty();
    return std::exchange(steps, {});
  }

  void start_part(Part part) {
    if (!std::exchange(opened, true)) {
      steps.push_back(step_of(
          OpenMessage{.message = message, .parent = {}, .role = Role::assistant, .author = {}}));
    }
    steps.push_back(
        step_of(StartPart{.message = message, .part = parts, .value = std::move(part)}));
    ++parts;
  }

  void append(std::uint32_t part, std::string text) {
    if (text.empty()) return;
    steps.push_back(
        step_of(AppendContent{.message = message, .part = part, .text = std::move(text)}));
  }

  // Ends the open text part: bytes that the repair still holds are not a character.
  void close_text() {
    if (last == Last::reasoning || last == Last::text) write_text(repair.finish());
  }

  void write_text(std::string text) { append(parts - 1, std::move(text)); }

  void take_text(Last kind, std::string_view piece) {
    if (piece.empty()) return;
    bytes += piece.size();
    if (last == kind) {
      write_text(repair.feed(piece));
      return;
    }
    close_text();
    std::string text = repair.feed(piece);
    last = kind;
    if (kind == Last::reasoning) {
      start_part(ReasoningPart{std::move(text)});
    } else {
      start_part(TextPart{std::move(text)});
    }
  }

  // The open call that the piece continues; null if it begins a new one.
  Call* open_call(const CallPiece& piece) {
    const auto found =
        std::ranges::find_if(calls.rbegin(), calls.rend(), [&piece](const Call& call) {
          if (piece.index) return call.index == piece.index;
          return piece.id.empty() || call.id == piece.id;
        });
    if (found == calls.rend()) return nullptr;
    if (!piece.id.empty() && !found->id.empty() && piece.id != found->id) return nullptr;
    // Without ids only a name can show a new call, but some servers repeat it in every piece: take
    // it for a new call if the arguments so far are a whole object.
    const bool nameless = piece.name.empty() || found->name.empty();
    if (!nameless && piece.id.empty() && !piece.arguments.empty() &&
        is_json_object(found->arguments)) {
      return nullptr;
    }
    return &*found;
  }

  void take_call(const CallPiece& piece) {
    close_text();
    last = Last::call;
    bytes += piece.arguments.size() + piece.name.size() + piece.id.size();
    Call* call = open_call(piece);
    if (!call) {
      calls.emplace_back();
      call = &calls.back();
      call->index = piece.index;
    }
    if (call->id.empty() && call->name.empty()) call->id = piece.id;
    const std::string fresh = call->repair.feed(piece.arguments);
    call->arguments += fresh;
    if (!call->name.empty()) {
      append(call->part, fresh);
      return;
    }
    if (piece.name.empty()) return;
    call->name = piece.name;
    call->part = parts;
    start_part(ToolCallPart{.id = id_of(*call), .name = call->name, .arguments = call->arguments});
  }

  // The server's id, or else a made one that no other call of the thread has.
  std::string id_of(const Call& call) {
    if (!call.id.empty()) return call.id;
    const std::string name = run.get() + "/" + std::to_string(calls.size());
    return "call_" + digest_hex(name).substr(0, 24);
  }

  // The error, if the answer exceeds a limit; its code is empty if not.
  [[nodiscard]] RunError crossed_limit() const {
    if (bytes > limits::message_bytes_max)
      return {codes::upstream_too_large, "The answer is too long."};
    if (parts > limits::parts_max || calls.size() > limits::parts_max) {
      return {codes::upstream_too_large, "The answer has too many parts."};
    }
    for (const Call& call : calls) {
      if (call.id.size() > limits::call_id_bytes_max || call.name.size() > limits::name_bytes_max) {
        return {codes::upstream_too_large, "A tool call's id or name is too long."};
      }
    }
    return {};
  }

  // A call without a name, which can't be completed; null if there is none.
  [[nodiscard]] const Call* unnamed_call() const {
    const auto found =
        std::ranges::find_if(calls, [](const Call& call) { return call.name.empty(); });
    return found == calls.end() ? nullptr : &*found;
  }

  void close_calls(RunStatus status) {
    for (Call& call : calls) {
      if (call.name.empty()) continue;
      std::string rest = call.repair.finish();
      // Some servers send no arguments for a function without parameters: write an empty object.
      if (status == RunStatus::completed && call.arguments.empty() && rest.empty()) rest = "{}";
      append(call.part, std::move(rest));
    }
  }

  std::optional<Json> run_usage() const {
    if (finish_reason.empty() || is_ordinary(finish_reason)) return usage;
    std::string text = usage ? usage->text : "{}";
    text.pop_back();
    if (text.size() > 1) text += ',';
    return Json{text + R"("finish_reason":)" + json_string(said(finish_reason)) + "}"};
  }

  // Redacts the usage: a server can put any text there, also a key.
  void clean_usage() {
    if (!usage) return;
    if (usage->text.size() > limits::error_text_bytes_max) return usage.reset();
    usage->text = redactor.strike(usage->text);
    // Drop it if redacting has broken it: a number may have become `[secret]`, or two names equal.
    if (!read_json(usage->text, {.depth_max = limits::json_depth_max})) usage.reset();
  }

  // The run's end also ends an interrupted message, with the run's status.
  void end_run(RunStatus status, std::optional<RunError> error) {
    clean_usage();
    close_text();
    close_calls(status);
    if (opened && status != RunStatus::interrupted) {
      const MessageStatus message_status =
          status == RunStatus::completed ? MessageStatus::complete : MessageStatus::failed;
      steps.push_back(
          step_of(EndMessage{.message = message, .status = message_status, .usage = usage}));
    }
    steps.push_back(
        step_of(EndRun{.status = status, .error = std::move(error), .usage = run_usage()}));
    ended = true;
  }

  void end_as_finished() {
    if (is_failure(finish_reason)) {
      end_run(RunStatus::failed,
              RunError{
                  finish_reason == "content_filter" ? codes::content_filter : codes::upstream_error,
                  "The model server ended the answer: " + said(finish_reason) + "."});
    } else if (unnamed_call()) {
      end_run(RunStatus::failed, RunError{codes::upstream_malformed, "A tool call has no name."});
    } else {
      end_run(RunStatus::completed, {});
    }
  }

  void take_chunk(const ChatChunk& chunk) {
    if (chunk.usage) usage = Json{*chunk.usage};
    take_text(Last::reasoning, chunk.reasoning);
    take_text(Last::text, chunk.text);
    for (const CallPiece& piece : chunk.calls) take_call(piece);
    if (!chunk.finish_reason.empty()) finish_reason = chunk.finish_reason;
    const RunError crossed = crossed_limit();
    if (!crossed.code.empty()) {
      end_run(RunStatus::failed, crossed);
    } else if (chunk.error) {
      end_run(RunStatus::failed, RunError{codes::upstream_error, said(*chunk.error)});
    }
  }
};

ChatDecoder::ChatDecoder(RunId run, Redactor redactor) : machine_(std::make_unique<Machine>()) {
  machine_->redactor = std::move(redactor);
  machine_->message = message_id_of(run, 1);
  machine_->run = std::move(run);
}
ChatDecoder::~ChatDecoder() = default;
ChatDecoder::ChatDecoder(ChatDecoder&&) noexcept = default;
ChatDecoder& ChatDecoder::operator=(ChatDecoder&&) noexcept = default;

std::vector<Step> ChatDecoder::take(std::string_view data) {
  if (machine_->ended) return {};
  while (!data.empty() && (data.back() == ' ' || data.back() == '\r')) data.remove_suffix(1);
  if (data.empty()) return {};
  if (data == "[DONE]") return end();
  const std::optional<ChatChunk> chunk = read_chunk(data);
  if (chunk) {
    machine_->take_chunk(*chunk);
  } else {
    machine_->end_run(RunStatus::failed, RunError{codes::upstream_malformed,
                                                  "The model server sent an unreadable chunk: " +
                                                      machine_->said(data)});
  }
  return machine_->give();
}

std::vector<Step> ChatDecoder::take_whole(std::string_view body) {
  if (machine_->ended) return {};
  const std::optional<ChatChunk> chunk = read_chunk(body);
  if (chunk) machine_->take_chunk(*chunk);
  if (machine_->ended) return machine_->give();
  if (!machine_->finish_reason.empty()) return end();
  return end(RunStatus::failed,
             {codes::upstream_malformed,
              "The model server did not answer with a stream: " + machine_->said(body)});
}

std::vector<Step> ChatDecoder::end() {
  return end(RunStatus::interrupted, {codes::upstream_interrupted,
                                      "The model server's stream ended before its finish reason."});
}

std::vector<Step> ChatDecoder::end(RunStatus status, RunError trouble) {
  if (machine_->ended) return {};
  if (finished()) {
    machine_->end_as_finished();
  } else {
    machine_->end_run(status, std::move(trouble));
  }
  return machine_->give();
}

bool ChatDecoder::ended() const { return machine_->ended; }
bool ChatDecoder::emitted() const { return machine_->emitted; }
bool ChatDecoder::finished() const { return !machine_->finish_reason.empty(); }

}  // namespace lockstep
