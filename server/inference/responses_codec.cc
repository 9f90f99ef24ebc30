// SPDX-License-Identifier: Apache-2.0
#include "server/inference/responses_codec.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/base/codes.h"
#include "server/inference/answer_words.h"
#include "server/inference/answer_writer.h"
#include "server/inference/finish_reason.h"
#include "server/inference/limits.h"
#include "server/inference/openai_codec.h"
#include "server/inference/responses_event.h"
#include "server/inference/responses_items.h"
#include "server/inference/run_ids.h"
#include "server/inference/upstream_error.h"

namespace lockstep {
namespace {

using EventKind = ResponsesEvent::Kind;

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

}  // namespace

// The state of the stream so far.
struct ResponsesDecoder::Machine {
  Machine(const RunId& run, Redactor redacts, std::string origin)
      : redactor(std::move(redacts)),
        writer(message_id_of(run, 1), std::move(origin)),
        items(run) {}

  Redactor redactor;
  AnswerWriter writer;
  ResponsesItems items;
  bool ended = false;
  bool emitted = false;
  bool is_ours = false;     // did any event have this protocol?
  bool has_events = false;  // of any protocol
  std::string foreign;      // the other protocol that an event showed
  std::string finish_reason;
  std::string model;
  std::optional<Json> usage;

  // A text of the server that is not the model's answer, without secrets.
  [[nodiscard]] std::string said(std::string_view text) const { return redactor.sentence(text); }

  std::vector<Step> give() {
    std::vector<Step> steps = writer.give();
    emitted = emitted || !steps.empty();
    return steps;
  }

  // A part has an item and a text.
  [[nodiscard]] RunError crossed() const {
    return crossed_limit({.bytes = items.bytes(),
                          .file_bytes = items.file_bytes(),
                          .parts = std::max<std::size_t>(writer.parts(), (items.size() + 1) / 2),
                          .has_long_name = items.has_too_long()});
  }

  // The run's end also ends an interrupted message, with the run's status.
  void end_run(RunStatus status, std::optional<RunError> error) {
    usage = clean_usage(std::move(usage), redactor);
    const bool whole = status == RunStatus::completed && !meaning_of(finish_reason).cut_by_length;
    items.finish(whole, writer);
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

  void fail(const ProviderError& error) {
    const Code code = code_of_stream_error(error);
    // The API says in mid-answer that the tokens of a minute are used up.
    const bool by_rate =
        code.name() == codes::upstream_error.name() && error.code == "rate_limit_exceeded";
    fail(by_rate ? codes::upstream_rate_limited : code, said(error.message));
  }

  // The server says that the answer is complete, or stops to speak.
  void end_as_complete() {
    if (!is_ours && has_events) {
      const std::string guess = foreign.empty() ? "" : ", but is one of " + foreign;
      fail(codes::upstream_malformed, "The model server's answer is no Response" + guess +
                                          ": no event had a type `response...`. Check `kind` and "
                                          "`base_url`.");
    } else if (const auto failure = meaning_of(finish_reason).failure) {
      fail(*failure, "The model server ended the answer: " + said(finish_reason) + ".");
    } else if (items.has_nameless()) {
      fail(codes::upstream_malformed, "A tool call has no name.");
    } else {
      end_run(RunStatus::completed, {});
    }
  }

  void take_end(const ResponseState& state) {
    items.take_output(state.output, writer);
    if (state.usage) usage = Json{*state.usage};
    if (state.status == "completed") {
      finish_reason = items.has_calls() ? "tool_calls" : "stop";
    } else if (state.status == "incomplete") {
      finish_reason = state.incomplete_reason.empty() ? state.status : state.incomplete_reason;
    }
    if (end_at_limit()) return;
    if (state.status == "failed" || state.status == "cancelled") {
      fail(state.error.value_or(
          ProviderError{.message = "The model server ended the answer: " + state.status + "."}));
    } else {
      end_as_complete();
    }
  }

  bool end_at_limit() {
    const RunError beyond = crossed();
    if (beyond.code.empty()) return false;
    end_run(RunStatus::failed, beyond);
    return true;
  }

  void take_event(const ResponsesEvent& event) {
    has_events = true;
    is_ours = is_ours || event.is_ours;
    if (foreign.empty()) foreign = event.foreign;
    if (!event.model.empty()) model = event.model;
    if (event.kind == EventKind::ended) return take_end(*event.state);
    if (event.kind == EventKind::error) return fail(*event.error);
    if (event.kind == EventKind::other) return;
    items.take(event, writer);
    end_at_limit();
  }
};

ResponsesDecoder::ResponsesDecoder(const RunId& run, Redactor redactor, std::string origin)
    : machine_(std::make_unique<Machine>(run, std::move(redactor), std::move(origin))) {}
ResponsesDecoder::~ResponsesDecoder() = default;
ResponsesDecoder::ResponsesDecoder(ResponsesDecoder&&) noexcept = default;
ResponsesDecoder& ResponsesDecoder::operator=(ResponsesDecoder&&) noexcept = default;

std::vector<Step> ResponsesDecoder::take(std::string_view data) {
  if (machine_->ended || is_blank(data)) return {};
  if (is_end_mark(data)) {
    machine_->end_as_complete();
  } else if (const std::optional<ResponsesEvent> event = read_responses_event(data)) {
    machine_->take_event(*event);
  } else {
    machine_->fail(codes::upstream_malformed,
                   "The model server sent an unreadable event: " + machine_->said(data));
  }
  return machine_->give();
}

std::vector<Step> ResponsesDecoder::take_error(std::string_view data) {
  if (machine_->ended) return {};
  machine_->fail(error_of_text(data));
  return machine_->give();
}

std::vector<Step> ResponsesDecoder::take_whole(std::string_view body) {
  if (machine_->ended) return {};
  const auto event = read_responses_event(body, ErrorCertainty::refusal);
  if (!event) {
    return end(RunStatus::failed,
               {codes::upstream_malformed,
                "The model server did not answer with a stream: " + machine_->said(body)});
  }
  machine_->take_event(*event);
  return machine_->ended ? machine_->give() : end();
}

std::vector<Step> ResponsesDecoder::end() {
  if (!machine_->ended && machine_->has_events && !machine_->is_ours) {
    machine_->end_as_complete();  // names the protocol
    return machine_->give();
  }
  return end(RunStatus::interrupted, {codes::upstream_interrupted,
                                      "The model server's stream ended before its answer did."});
}

std::vector<Step> ResponsesDecoder::end(RunStatus status, RunError trouble) {
  if (machine_->ended) return {};
  machine_->end_run(status, std::move(trouble));
  return machine_->give();
}

bool ResponsesDecoder::ended() const { return machine_->ended; }
bool ResponsesDecoder::emitted() const { return machine_->emitted; }

}  // namespace lockstep
