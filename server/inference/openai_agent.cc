// SPDX-License-Identifier: Apache-2.0
#include "server/inference/openai_agent.h"

#include <algorithm>
#include <boost/beast/http/status.hpp>
#include <iterator>
#include <utility>
#include <variant>
#include <vector>

#include "engine/base/alive.h"
#include "engine/base/codes.h"
#include "schema/json/json_reader.h"
#include "schema/json/json_text.h"
#include "server/base/timer.h"
#include "server/inference/answer_body.h"
#include "server/inference/answer_clock.h"
#include "server/inference/compose.h"
#include "server/inference/limits.h"
#include "server/inference/openai_codec.h"
#include "server/inference/retry.h"
#include "server/inference/sse_parser.h"
#include "server/inference/utf8_repair.h"

namespace lockstep {
namespace {

using std::chrono::milliseconds;

namespace http = boost::beast::http;

class OpenAiGeneration final : public Generation, private HttpReader {
 public:
  struct Parts {
    const OpenAiOptions& options;
    HttpClient& client;
    Random& random;
    Clock& clock;
    const boost::asio::any_io_executor& executor;
  };

  struct Question {
    RunId run;
    std::string body;
    std::optional<RunError> refusal;  // it is not to be sent
    ThinkTags think_tags = ThinkTags::off;
  };

  OpenAiGeneration(const Parts& parts, Question question, StepWriter& writer)
      : options_(parts.options),
        client_(parts.client),
        random_(parts.random),
        time_(parts.clock),
        writer_(writer),
        run_(std::move(question.run)),
        body_(std::move(question.body)),
        think_tags_(question.think_tags),
        decoder_(new_decoder()),
        timer_(parts.executor),
        clock_(parts.executor,
               {options_.first_token_timeout, options_.token_timeout, options_.keepalive_timeout},
               [this](std::string sentence) { token_late(std::move(sentence)); }) {
    auto key = present_key(options_);
    if (question.refusal) {
      fail_soon(std::move(*question.refusal));
    } else if (!key) {
      fail_soon({codes::missing_key, std::move(key.error().detail)});
    } else {
      key_ = std::move(*key);
      try_once();
    }
  }
  ~OpenAiGeneration() override = default;
  OpenAiGeneration(const OpenAiGeneration&) = delete;
  OpenAiGeneration& operator=(const OpenAiGeneration&) = delete;

  void resume() override {
    if (!std::exchange(paused_, false) || !exchange_) return;
    clock_.wait(stage());
    exchange_->resume();
  }

 private:
  [[nodiscard]] ChatDecoder new_decoder() const {
    return ChatDecoder(run_, options_.present_redactor(), think_tags_);
  }

  // Nothing is sent. Nothing is written from within `start` either.
  void fail_soon(RunError error) {
    timer_.after({}, [this, error = std::move(error)] { give(failed_run(error)); });
  }

  void try_once() {
    ++tries_;
    decoder_ = new_decoder();
    parser_ = SseParser(limits::sse_event_bytes_max);
    head_ = {};
    received_.clear();
    bytes_ = 0;
    kind_is_open_ = false;
    HttpRequest request;
    request.path = "/chat/completions";
    request.headers = {{"Content-Type", "application/json"},
                       {"Accept", "text/event-stream"},
                       {"Accept-Encoding", "identity"},
                       {"User-Agent", "lockstep"}};
    request.body = body_;
    exchange_ = client_.post(request_of(options_, key_, std::move(request)),
                             options_.connect_timeout, *this);
  }

  // --- The answer --------------------------------------------------------------------------------

  void on_connected() override { clock_.wait(stage()); }

  void on_head(const HttpHead& head) override {
    head_ = head;
    kind_ = body_kind_of(head.status, head.content_type);
    kind_is_open_ = kind_ != BodyKind::refusal;
    const std::string coding = unread_coding(head.content_encoding);
    if (kind_ != BodyKind::refusal && !coding.empty()) {
      return give(decoder_.end(RunStatus::failed, {codes::upstream_malformed, compressed(coding)}));
    }
    clock_.wait(stage());
  }

  static std::string compressed(const std::string& coding) {
    return "The model server compressed its answer (`Content-Encoding: " + coding +
           "`), which was not asked for: switch the compression off there, or in the proxy before "
           "it.";
  }

  void on_body(std::string_view bytes) override {
    bytes_ += bytes.size();
    if (!kind_is_open_) return take_bytes(bytes);
    received_ += bytes;
    const std::optional<BodyKind> kind = body_kind_of_start(received_);
    if (!kind && is_start_open(received_)) return clock_.sign_of_life(stage());
    kind_ = kind.value_or(kind_);
    kind_is_open_ = false;
    take_bytes(std::exchange(received_, {}));
  }

  void take_bytes(std::string_view bytes) {
    const std::size_t bytes_max = body_bytes_max_of(kind_);
    if (kind_ == BodyKind::stream) {
      if (bytes_ > bytes_max) {
        give(decoder_.end(RunStatus::failed,
                          {codes::upstream_too_large, "The answer is too long."}));
        return;
      }
      take_events(bytes);
      return;
    }
    received_ += bytes.substr(0, bytes_max - std::min(bytes_max, received_.size()));
    if (bytes_ > bytes_max) answered();
  }

  void take_events(std::string_view bytes) {
    std::vector<Step> steps;
    const std::vector<ServerSentEvent> events = parser_.feed(bytes);
    for (const ServerSentEvent& event : events) take_event(event, steps);
    if (parser_.error()) {
      append(steps,
             decoder_.end(RunStatus::failed, {codes::upstream_too_large, parser_.error()->detail}));
    }
    if (events.empty()) {
      clock_.sign_of_life(stage());
    } else {
      clock_.chunk(stage());
    }
    give(std::move(steps));
  }

  void take_event(const ServerSentEvent& event, std::vector<Step>& steps) {
    if (event.type == "error") {
      append(steps, decoder_.take_error(event.data));
    } else if (event.type != "line" || is_json_object(event.data)) {
      append(steps, decoder_.take(event.data));
    }
  }

  void on_end(std::optional<Error> error) override {
    // A body of white space, or of the beginning of a field.
    if (std::exchange(kind_is_open_, false) && kind_ == BodyKind::stream) received_.clear();
    const bool is_cut = error && kind_ == BodyKind::whole && !is_json_object(received_);
    if (kind_ == BodyKind::stream && head_.status != 0) {
      stream_ended(error);
    } else if (!is_cut && (!error || head_.status != 0)) {
      answered();
    } else if (may_retry() && error->kind == Kind::unavailable) {
      retry({});
    } else {
      const bool cut = error->code == codes::upstream_interrupted;
      give(decoder_.end(cut ? RunStatus::interrupted : RunStatus::failed,
                        {error->code, error->detail}));
    }
  }

  void stream_ended(const std::optional<Error>& error) {
    std::vector<Step> steps;
    for (const ServerSentEvent& last : parser_.finish()) {
      // Drop an incomplete chunk: the stream ended within it.
      const bool is_whole =
          last.type == "error" || is_json_object(last.data) || is_end_mark(last.data);
      if (is_whole) take_event(last, steps);
    }
    if (error && error->code != codes::upstream_interrupted) {
      append(steps, decoder_.end(RunStatus::failed, {error->code, error->detail}));
    } else {
      append(steps, decoder_.end());
    }
    give(std::move(steps));
  }

  // The body of an answer that is not a stream is complete, or has reached its limit.
  void answered() {
    exchange_.reset();
    if (kind_ == BodyKind::whole) {
      give(decoder_.take_whole(received_));
      return;
    }
    const std::string coding = unread_coding(head_.content_encoding);
    if (!coding.empty()) received_.clear();
    if (may_retry() && may_pass_by_itself(head_, received_)) {
      const std::optional<milliseconds> pause = asked_pause(head_, time_.now());
      if (!pause || *pause <= limits::retry_wait_max) return retry(pause);
    }
    RunError refusal = refusal_of(head_.status, received_, options_.present_redactor());
    std::string detail = "The model server answered " + std::to_string(head_.status);
    if (http::to_status_class(head_.status) == http::status_class::redirection) {
      detail += ", a redirect" + place_of(head_.location) +
                ", which the agent does not follow: correct `base_url`.";
    } else if (!coding.empty()) {
      detail += ". " + compressed(coding);
    } else {
      detail += ": " + refusal.detail;
    }
    give(decoder_.end(RunStatus::failed, {refusal.code, std::move(detail)}));
  }

  // A redirect's address is the server's text: it may quote a key, and have any length.
  [[nodiscard]] std::string place_of(const std::string& location) const {
    if (location.empty()) return "";
    std::string place = options_.present_redactor().sentence(without_secrets(location));
    if (place.size() > limits::location_bytes_max) {
      place = valid_utf8(place.substr(0, limits::location_bytes_max)) + " ...";
    }
    return " to " + place;
  }

  // --- Steps -------------------------------------------------------------------------------------

  static void append(std::vector<Step>& steps, std::vector<Step> more) {
    std::ranges::move(more, std::back_inserter(steps));
  }

  // The writer may destroy this generation within `write`: touch no member after that.
  void give(std::vector<Step> steps) {
    if (steps.empty()) return;
    auto* end = std::get_if<EndRun>(&steps.back().what);
    const bool over = end != nullptr;
    if (over) {
      // Redact every error here too, so that no path can leak a key.
      if (end->error) end->error->detail = options_.present_redactor().strike(end->error->detail);
      timer_.cancel();
      clock_.rest();
      exchange_.reset();
    }
    const Alive::Watch own = alive_.watch();
    const bool more = writer_.write(std::move(steps));
    if (over || more || own.ended()) return;
    paused_ = true;
    clock_.rest();
    exchange_->pause();
  }

  [[nodiscard]] AnswerStage stage() const {
    if (decoder_.finished()) return AnswerStage::finished;
    if (decoder_.emitted()) return AnswerStage::answering;
    return head_.status == 0 ? AnswerStage::unanswered : AnswerStage::waiting;
  }

  void token_late(std::string sentence) {
    exchange_.reset();
    give(decoder_.end(RunStatus::failed, {codes::upstream_timeout, std::move(sentence)}));
  }

  // --- Trying again ------------------------------------------------------------------------------

  [[nodiscard]] bool may_retry() const { return !decoder_.emitted() && tries_ < limits::tries_max; }

  void retry(std::optional<milliseconds> asked) {
    exchange_.reset();
    clock_.rest();
    const milliseconds own = own_pause(tries_, options_.retry_first, random_);
    timer_.after(asked ? std::max(*asked, own) : own, [this] { try_once(); });
  }

  const OpenAiOptions& options_;
  HttpClient& client_;
  Random& random_;
  Clock& time_;
  StepWriter& writer_;
  RunId run_;
  std::string body_;
  ThinkTags think_tags_;
  std::optional<std::string> key_;
  ChatDecoder decoder_;
  SseParser parser_{limits::sse_event_bytes_max};
  HttpHead head_;
  BodyKind kind_ = BodyKind::refusal;
  bool kind_is_open_ = false;  // the first bytes may show another kind than the head
  std::string received_;
  std::size_t bytes_ = 0;
  unsigned tries_ = 0;
  bool paused_ = false;
  Timer timer_;  // for the next try
  AnswerClock clock_;
  std::unique_ptr<HttpExchange> exchange_;
  Alive alive_;
};

// Does the run continue an answer that has text?
bool goes_on_with_text(const Context& context) {
  return context.continues && !context.path.empty() &&
         std::ranges::any_of(context.path.back().parts, [](const Part& part) {
           const auto* text = std::get_if<TextPart>(&part);
           return text && !text->text.empty();
         });
}

}  // namespace

OpenAiAgent::OpenAiAgent(OpenAiOptions options, boost::asio::any_io_executor executor,
                         Random& random, Clock& clock)
    : options_(std::move(options)),
      executor_(std::move(executor)),
      random_(random),
      clock_(clock),
      client_(executor_, options_.tls) {}

AgentSettings OpenAiAgent::settings(const std::optional<Json>& params) const {
  RequestSettings settings;
  settings.kind = "openai";
  settings.system = options_.system;
  settings.names = options_.names;
  settings.join = options_.join_roles;
  settings.prefill = options_.prefill;
  settings.reasoning = options_.reasoning.back;
  settings.reasoning_field = options_.reasoning.field;
  settings.context_tokens = options_.context_tokens;
  settings.when_too_long = options_.when_too_long;
  set_member(settings.request, "model", json_string(options_.model));
  set_member(settings.request, "stream", "true");
  if (options_.usage) {
    set_member(settings.request, "stream_options", R"({"include_usage":true})");
  }
  apply_params(settings, options_.params, ModelChoice::fixed);
  apply_params(settings, params, options_.model_choice);
  return {.bytes = settings_bytes(settings), .model = model_of(settings).value_or(options_.model)};
}

Sent OpenAiAgent::sent(const Context& context) const { return sent_from_settings(context); }

std::unique_ptr<Generation> OpenAiAgent::start(Context context, Sent sent, StepWriter& writer) {
  const OpenAiGeneration::Parts parts{options_, client_, random_, clock_, executor_};
  ThinkTags tags = options_.think_tags;
  if (tags == ThinkTags::open && options_.prefill && goes_on_with_text(context)) {
    tags = ThinkTags::on;  // the server goes on behind the text, so it does not begin to think
  }
  OpenAiGeneration::Question question{std::move(context.run), std::move(sent.body),
                                      std::move(sent.refusal), tags};
  return std::make_unique<OpenAiGeneration>(parts, std::move(question), writer);
}

}  // namespace lockstep
