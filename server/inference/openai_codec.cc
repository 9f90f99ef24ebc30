// SPDX-License-Identifier: Apache-2.0
#include "server/inference/openai_codec.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/base/codes.h"
#include "schema/json/json_reader.h"
#include "schema/json/json_text.h"
#include "server/inference/answer_words.h"
#include "server/inference/answer_writer.h"
#include "server/inference/chat_calls.h"
#include "server/inference/chat_chunk.h"
#include "server/inference/finish_reason.h"
#include "server/inference/limits.h"
#include "server/inference/reasoning_details.h"
#include "server/inference/run_ids.h"
#include "server/inference/upstream_error.h"

namespace lockstep {
namespace {

std::string_view without_blanks(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  text.remove_suffix(text.size() - (text.find_last_not_of(blanks) + 1));
  return text;
}

}  // namespace

bool is_end_mark(std::string_view data) {
  data = without_blanks(data);
  if (data.size() >= 2 && data.starts_with('"') && data.ends_with('"')) {
    data = without_blanks(data.substr(1, data.size() - 2));
  }
  return data == "[DONE]";
}

std::vector<Step> failed_run(RunError error) {
  AnswerWriter writer{MessageId()};
  writer.end({.status = RunStatus::failed, .error = std::move(error), .usage = {}}, {});
  return writer.give();
}

RunError refusal_of(unsigned status, std::string_view body, const Redactor& redactor) {
  const ProviderError error = error_of_text(body);
  return {code_of_refusal(status, error), redactor.sentence(error.message)};
}

// The state of the stream so far.
struct ChatDecoder::Machine {
  Machine(const RunId& run, Redactor redacts, ThinkTags think_tags, std::string origin)
      : redactor(std::move(redacts)),
        splitter(think_tags),
        writer(message_id_of(run, 1), std::move(origin)),
        calls(run) {}

  Redactor redactor;
  ThinkSplitter splitter;
  AnswerWriter writer;
  ChatCalls calls;
  ReasoningDetails details;
  ChatMediaParts media;
  std::optional<std::uint32_t> thought;  // the first part of reasoning, once there is one
  std::string extra;                     // of the answer as a whole
  bool ended = false;
  bool emitted = false;
  std::size_t bytes = 0;
  std::size_t file_bytes = 0;
  std::string finish_reason;
  std::string model;
  std::string foreign;  // the other protocol that a chunk showed
  bool has_chunks = false;
  bool has_choices = false;
  bool has_delta = false;
  std::optional<Json> usage;

  // A text of the server that is not the model's answer, without secrets.
  [[nodiscard]] std::string said(std::string_view text) const { return redactor.sentence(text); }

  std::vector<Step> give() {
    std::vector<Step> steps = writer.give();
    emitted = emitted || !steps.empty();
    return steps;
  }

  void write(AnswerWriter::Kind kind, std::string_view piece) {
    if (piece.empty()) return;
    bytes += piece.size();
    if (kind == AnswerWriter::Kind::text) return write(splitter.feed(piece));
    write(splitter.flush());
    calls.settle(writer);
    writer.write(kind, piece);
    if (!thought) thought = writer.parts() - 1;
  }

  // Data that the server must get back. That of the reasoning is noted once other content follows
  // it, so that an answer which is stopped later keeps it; a later note replaces the former.
  void note_opaque(bool over) {
    if (writer.parts() == 0) return;
    const bool shown = writer.parts() > thought.value_or(0) + 1;
    if (details.is_fresh() && (over || shown)) {
      writer.note(thought, Json{R"({"reasoning_details":)" + details.list() + "}"});
    }
    if (!over || (extra.empty() && media.sound_id().empty())) return;
    std::string whole = "{";
    if (!extra.empty()) append_field_json(whole, "extra_content", extra);
    if (!media.sound_id().empty()) {
      append_name(whole, "audio");
      whole += '{';
      append_field(whole, "id", media.sound_id());
      whole += '}';
    }
    writer.note({}, Json{whole + "}"});
  }

  void write(const std::vector<ThinkSplitter::Piece>& pieces) {
    for (const ThinkSplitter::Piece& piece : pieces) {
      calls.settle(writer);
      writer.write(piece.reasoning ? AnswerWriter::Kind::reasoning : AnswerWriter::Kind::text,
                   piece.text);
    }
  }

  void write_calls(const std::vector<CallPiece>& pieces) {
    if (!pieces.empty()) write(splitter.flush());
    for (const CallPiece& piece : pieces) {
      bytes += piece.arguments.size() + piece.name.size() + piece.id.size();
    }
    calls.take(pieces, writer);
  }

  // A `message` in a stream repeats what the deltas have said: only what is new in it counts.
  void take_content(const ChatChunk& chunk) {
    const bool has_said =
        writer.has_content() || splitter.fed() || calls.size() > 0 || media.has_any();
    const bool repeats_text = chunk.is_whole && has_said;
    const bool repeats_calls = chunk.is_whole && calls.size() > 0;
    if (!repeats_text) {
      write(AnswerWriter::Kind::reasoning, chunk.reasoning);
      write(AnswerWriter::Kind::text, chunk.text);
    }
    for (const std::string& detail : chunk.details) {
      bytes += detail.size();
      if (!chunk.is_whole || !has_said) details.take(detail);
    }
    if (!chunk.extra.empty()) extra = chunk.extra;
    bytes += chunk.media.bytes();
    file_bytes += chunk.media.file_bytes();
    // Lists come whole in each chunk; the rest must not come twice.
    media.take(chunk.media, repeats_text);
    if (!repeats_calls) write_calls(chunk.calls);
    note_opaque(false);
  }

  [[nodiscard]] RunError crossed() const {
    return crossed_limit({.bytes = bytes,
                          .file_bytes = file_bytes,
                          .parts = std::max<std::size_t>(writer.parts(), calls.size()),
                          .has_long_name = calls.has_too_long()});
  }

  // The run's end also ends an interrupted message, with the run's status.
  void end_run(RunStatus status, std::optional<RunError> error) {
    usage = clean_usage(std::move(usage), redactor);
    write(splitter.flush());
    const bool whole = status == RunStatus::completed && !meaning_of(finish_reason).cut_by_length;
    calls.finish(whole, writer);
    media.finish(writer);
    note_opaque(true);
    writer.end({.status = status,
                .error = std::move(error),
                .usage = usage,
                .finish = finish_of(finish_reason, model, redactor)},
               usage);
    ended = true;
  }

  void fail(Code code, std::string detail) {
    end_run(RunStatus::failed, RunError{code, std::move(detail)});
  }

  [[nodiscard]] bool is_of_another_protocol() const {
    return !has_delta && has_chunks && (!has_choices || !foreign.empty());
  }

  // The server says that the answer is complete.
  void end_as_complete() {
    if (is_of_another_protocol()) {
      const std::string guess = foreign.empty() ? "" : ", but is one of " + foreign;
      fail(codes::upstream_malformed, "The model server's answer is no Chat Completion" + guess +
                                          ": no chunk had `choices[].delta`. Check `base_url`.");
    } else if (const auto failure = meaning_of(finish_reason).failure) {
      fail(*failure, "The model server ended the answer: " + said(finish_reason) + ".");
    } else if (calls.has_nameless()) {
      fail(codes::upstream_malformed, "A tool call has no name.");
    } else {
      end_run(RunStatus::completed, {});
    }
  }

  void take_chunk(const ChatChunk& chunk) {
    has_chunks = true;
    has_choices = has_choices || chunk.has_choices;
    has_delta = has_delta || chunk.has_delta;
    if (foreign.empty()) foreign = chunk.foreign;
    if (!chunk.model.empty()) model = chunk.model;
    if (chunk.usage) usage = Json{*chunk.usage};
    take_content(chunk);
    if (!chunk.finish_reason.empty()) {
      finish_reason = chunk.finish_reason;
      calls.settle(writer);
    }
    const RunError beyond = crossed();
    if (!beyond.code.empty()) {
      end_run(RunStatus::failed, beyond);
    } else if (chunk.error) {
      fail(code_of_stream_error(*chunk.error), said(chunk.error->message));
    }
  }
};

ChatDecoder::ChatDecoder(const RunId& run, Redactor redactor, ThinkTags think_tags,
                         std::string origin)
    : machine_(std::make_unique<Machine>(run, std::move(redactor), think_tags, std::move(origin))) {
}
ChatDecoder::~ChatDecoder() = default;
ChatDecoder::ChatDecoder(ChatDecoder&&) noexcept = default;
ChatDecoder& ChatDecoder::operator=(ChatDecoder&&) noexcept = default;

std::vector<Step> ChatDecoder::take(std::string_view data) {
  if (machine_->ended) return {};
  data = without_blanks(data);
  if (data.empty()) return {};
  if (is_end_mark(data)) {
    machine_->end_as_complete();
  } else if (const std::optional<ChatChunk> chunk = read_chunk(data)) {
    machine_->take_chunk(*chunk);
  } else {
    machine_->fail(codes::upstream_malformed,
                   "The model server sent an unreadable chunk: " + machine_->said(data));
  }
  return machine_->give();
}

std::vector<Step> ChatDecoder::take_error(std::string_view data) {
  if (machine_->ended) return {};
  const ProviderError error = error_of_text(data);
  machine_->fail(code_of_stream_error(error), machine_->said(error.message));
  return machine_->give();
}

std::vector<Step> ChatDecoder::take_whole(std::string_view body) {
  if (machine_->ended) return {};
  if (const auto chunk = read_chunk(body, ErrorCertainty::refusal)) {
    machine_->take_chunk(*chunk);
    if (!machine_->ended) machine_->end_as_complete();
    return machine_->give();
  }
  if (take_lines(body)) return machine_->ended ? machine_->give() : end();
  return end(RunStatus::failed,
             {codes::upstream_malformed,
              "The model server did not answer with a stream: " + machine_->said(body)});
}

// Chunks as lines of JSON: a stream, which may be cut. False: a line is none.
bool ChatDecoder::take_lines(std::string_view body) {
  while (!machine_->ended && !body.empty()) {
    const std::size_t end = std::min(body.find('\n'), body.size());
    const std::string_view line = without_blanks(body.substr(0, end));
    body.remove_prefix(std::min(end + 1, body.size()));
    if (line.empty()) continue;
    const std::optional<ChatChunk> chunk = read_chunk(line);
    if (!chunk) return false;
    machine_->take_chunk(*chunk);
  }
  return machine_->has_chunks;
}

std::vector<Step> ChatDecoder::end() {
  if (machine_->is_of_another_protocol() && !machine_->ended) {
    machine_->end_as_complete();  // names the protocol
    return machine_->give();
  }
  return end(RunStatus::interrupted, {codes::upstream_interrupted,
                                      "The model server's stream ended before its finish reason."});
}

std::vector<Step> ChatDecoder::end(RunStatus status, RunError trouble) {
  if (machine_->ended) return {};
  if (finished()) {
    machine_->end_as_complete();
  } else {
    machine_->end_run(status, std::move(trouble));
  }
  return machine_->give();
}

bool ChatDecoder::ended() const { return machine_->ended; }
bool ChatDecoder::emitted() const { return machine_->emitted; }
bool ChatDecoder::finished() const { return !machine_->finish_reason.empty(); }

}  // namespace lockstep
