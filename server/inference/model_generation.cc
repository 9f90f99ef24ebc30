// SPDX-License-Identifier: Apache-2.0
#include "server/inference/model_generation.h"

#include <algorithm>
#include <boost/beast/http/status.hpp>
#include <iterator>
#include <utility>
#include <variant>
#include <vector>

#include "engine/base/alive.h"
#include "engine/base/codes.h"
#include "schema/json/json_reader.h"
#include "server/base/timer.h"
#include "server/inference/answer_body.h"
#include "server/inference/answer_clock.h"
#include "server/inference/retry.h"
#include "server/inference/summary.h"
#include "server/inference/utf8_repair.h"

namespace lockstep {
namespace {

using std::chrono::milliseconds;

namespace http = boost::beast::http;

class ModelGeneration final : public Generation, private HttpReader {
 public:
  ModelGeneration(const ModelMeans& means, ModelQuestion question, StepWriter& writer)
      : server_(means.server),
        client_(means.client),
        random_(means.random),
        time_(means.clock),
        writer_(writer),
        wire_(std::move(question.wire)),
        body_(std::move(question.body)),
        decoder_(new_decoder()),
        timer_(means.executor),
        clock_(means.executor,
               {server_.first_token_timeout, server_.token_timeout, server_.keepalive_timeout},
               [this](std::string sentence) { token_late(std::move(sentence)); }) {
    if (question.summary) summary_.emplace(std::move(*question.summary));
    auto key = present_key(server_);
    if (question.refusal) {
      fail_soon(std::move(*question.refusal));
    } else if (!key) {
      fail_soon({codes::missing_key, std::move(key.error().detail)});
    } else {
      key_ = std::move(*key);
      try_once();
    }
  }
  ~ModelGeneration() override = default;
  ModelGeneration(const ModelGeneration&) = delete;
  ModelGeneration& operator=(const ModelGeneration&) = delete;

  void resume() override {
    if (!std::exchange(paused_, false) || !exchange_) return;
    clock_.wait(stage());
    exchange_->resume();
  }

 private:
  [[nodiscard]] std::unique_ptr<AnswerDecoder> new_decoder() const {
    return wire_.decoder(server_.present_redactor());
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
    request.path = wire_.path;
    request.headers = {{"Content-Type", "application/json"},
                       {"Accept", "text/event-stream"},
                       {"Accept-Encoding", "identity"},
                       {"User-Agent", "lockstep"}};
    std::ranges::copy(wire_.headers, std::back_inserter(request.headers));
    request.body = body_;
    exchange_ = client_.post(request_of(server_, key_, std::move(request), wire_.key_header),
                             server_.connect_timeout, *this);
  }

  // --- The answer --------------------------------------------------------------------------------

  void on_connected() override { clock_.wait(stage()); }

  void on_head(const HttpHead& head) override {
    head_ = head;
    kind_ = body_kind_of(head.status, head.content_type);
    kind_is_open_ = kind_ != BodyKind::refusal;
    const std::string coding = unread_coding(head.content_encoding);
    if (kind_ != BodyKind::refusal && !coding.empty()) {
      return give(
          decoder_->end(RunStatus::failed, {codes::upstream_malformed, compressed(coding)}));
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
        give(decoder_->end(RunStatus::failed,
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
      append(steps, decoder_->end(RunStatus::failed,
                                  {codes::upstream_too_large, parser_.error()->detail}));
    }
    if (events.empty()) {
      clock_.sign_of_life(stage());
    } else {
      clock_.chunk(stage());
    }
    give(std::move(steps));
  }

  void take_event(const ServerSentEvent& event, std::vector<Step>& steps) {
    if (wire_.is_error(event)) {
      append(steps, decoder_->take_error(event.data));
    } else if (event.type != "line" || is_json_object(event.data)) {
      append(steps, decoder_->take(event.data));
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
      give(decoder_->end(cut ? RunStatus::interrupted : RunStatus::failed,
                         {error->code, error->detail}));
    }
  }

  void stream_ended(const std::optional<Error>& error) {
    std::vector<Step> steps;
    for (const ServerSentEvent& last : parser_.finish()) {
      // Drop an incomplete chunk: the stream ended within it.
      const bool is_whole =
          wire_.is_error(last) || is_json_object(last.data) || is_end_mark(last.data);
      if (is_whole) take_event(last, steps);
    }
    if (error && error->code != codes::upstream_interrupted) {
      append(steps, decoder_->end(RunStatus::failed, {error->code, error->detail}));
    } else {
      append(steps, decoder_->end());
    }
    give(std::move(steps));
  }

  // The body of an answer that is not a stream is complete, or has reached its limit.
  void answered() {
    exchange_.reset();
    if (kind_ == BodyKind::whole) {
      give(decoder_->take_whole(received_));
      return;
    }
    const std::string coding = unread_coding(head_.content_encoding);
    if (!coding.empty()) received_.clear();
    if (may_retry() && may_pass_by_itself(head_, received_)) {
      const std::optional<milliseconds> pause = asked_pause(head_, time_.now());
      if (!pause || *pause <= limits::retry_wait_max) return retry(pause);
    }
    RunError refusal = wire_.refusal(head_.status, received_, server_.present_redactor());
    std::string detail = "The model server answered " + std::to_string(head_.status);
    if (http::to_status_class(head_.status) == http::status_class::redirection) {
      detail += ", a redirect" + place_of(head_.location) +
                ", which the agent does not follow: correct `base_url`.";
    } else if (!coding.empty()) {
      detail += ". " + compressed(coding);
    } else {
      detail += ": " + refusal.detail;
    }
    give(decoder_->end(RunStatus::failed, {refusal.code, std::move(detail)}));
  }

  // A redirect's address is the server's text: it may quote a key, and have any length.
  [[nodiscard]] std::string place_of(const std::string& location) const {
    if (location.empty()) return "";
    std::string place = server_.present_redactor().sentence(without_secrets(location));
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
      if (end->error) end->error->detail = server_.present_redactor().strike(end->error->detail);
      timer_.cancel();
      clock_.rest();
      exchange_.reset();
    }
    const Alive::Watch own = alive_.watch();
    if (summary_) steps = summary_->of(std::move(steps));
    const bool more = writer_.write(std::move(steps));
    if (over || more || own.ended()) return;
    paused_ = true;
    clock_.rest();
    exchange_->pause();
  }

  [[nodiscard]] AnswerStage stage() const {
    if (decoder_->finished()) return AnswerStage::finished;
    if (decoder_->emitted()) return AnswerStage::answering;
    return head_.status == 0 ? AnswerStage::unanswered : AnswerStage::waiting;
  }

  void token_late(std::string sentence) {
    exchange_.reset();
    give(decoder_->end(RunStatus::failed, {codes::upstream_timeout, std::move(sentence)}));
  }

  // --- Trying again ------------------------------------------------------------------------------

  [[nodiscard]] bool may_retry() const {
    return !decoder_->emitted() && tries_ < limits::tries_max;
  }

  void retry(std::optional<milliseconds> asked) {
    exchange_.reset();
    clock_.rest();
    const milliseconds own = own_pause(tries_, server_.retry_first, random_);
    timer_.after(asked ? std::max(*asked, own) : own, [this] { try_once(); });
  }

  const ServedReach& server_;
  HttpClient& client_;
  Random& random_;
  Clock& time_;
  StepWriter& writer_;
  Wire wire_;
  std::string body_;
  std::optional<std::string> key_;
  std::optional<SummarySteps> summary_;
  std::unique_ptr<AnswerDecoder> decoder_;
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

}  // namespace

std::unique_ptr<Generation> start_generation(const ModelMeans& means, ModelQuestion question,
                                             StepWriter& writer) {
  return std::make_unique<ModelGeneration>(means, std::move(question), writer);
}

}  // namespace lockstep
