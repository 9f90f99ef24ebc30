// SPDX-License-Identifier: Apache-2.0
#include "server/inference/demo_agent.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "engine/base/alive.h"
#include "schema/json/json_text.h"
#include "server/base/timer.h"
#include "server/inference/compose.h"
#include "server/inference/demo_text.h"
#include "server/inference/limits.h"
#include "server/inference/run_ids.h"
#include "server/inference/settings.h"

namespace lockstep {
namespace {

constexpr std::array<std::string_view, limits::demo_agents_max> names = {
    "ada", "ben", "cleo", "dora", "emil", "fay", "gus", "hana"};

std::optional<double> number(const RequestSettings& settings, std::string_view key) {
  const std::string* text = find_member(settings.request, key);
  if (!text) return {};
  double value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size()) return {};
  return value;
}

std::optional<std::size_t> count(const RequestSettings& settings, std::string_view key,
                                 std::size_t max) {
  const std::optional<double> value = number(settings, key);
  if (!value || !(*value >= 1)) return {};
  return static_cast<std::size_t>(std::min(*value, static_cast<double>(max)));
}

struct Speaker {
  MessageId message;
  std::optional<std::string> author;
  std::vector<std::string> tokens;
};

Step step_of(auto what) { return Step{.seq = 0, .what = std::move(what)}; }

class DemoGeneration final : public Generation {
 public:
  DemoGeneration(std::vector<Speaker> speakers, double rate, StepWriter& writer,
                 const boost::asio::any_io_executor& executor)
      : speakers_(std::move(speakers)), rate_(rate), writer_(writer), timer_(executor) {
    for (const Speaker& speaker : speakers_) rounds_ = std::max(rounds_, speaker.tokens.size());
    wait();
  }
  ~DemoGeneration() override = default;
  DemoGeneration(const DemoGeneration&) = delete;
  DemoGeneration& operator=(const DemoGeneration&) = delete;

  void resume() override {
    if (!std::exchange(paused_, false)) return;
    wait();
  }

 private:
  using SteadyClock = std::chrono::steady_clock;

  // Computes when a round is due from the last pause on, not from the last round: so the average
  // rate holds, however late the timer is.
  void wait() {
    began_ = SteadyClock::now();
    began_round_ = round_;
    arm();
  }

  void arm() {
    const double rounds = static_cast<double>(round_ - began_round_ + 1);
    const auto due = began_ + std::chrono::duration_cast<SteadyClock::duration>(
                                  std::chrono::duration<double>(rounds / rate_));
    timer_.after(due - SteadyClock::now(), [this] { speak(); });
  }

  [[nodiscard]] std::size_t rounds_due() const {
    const std::chrono::duration<double> elapsed = SteadyClock::now() - began_;
    const double due = std::floor(elapsed.count() * rate_);
    const std::size_t until = began_round_ + static_cast<std::size_t>(std::max(due, 1.0));
    return std::min({until, round_ + limits::demo_batch_tokens, rounds_});
  }

  void speak() {
    std::vector<Step> steps;
    if (round_ == 0) open(steps);
    const std::size_t until = std::max(rounds_due(), std::min(round_ + 1, rounds_));
    for (; round_ < until; ++round_) say_round(steps);
    const bool done = round_ == rounds_;
    if (done) close(steps);
    // The writer may destroy this generation within `write`: touch no member after that.
    StepWriter& writer = writer_;
    if (done) {
      writer.write(std::move(steps));
      return;
    }
    arm();
    const Alive::Watch own = alive_.watch();
    const bool more = writer.write(std::move(steps));
    if (more || own.ended()) return;
    paused_ = true;
    timer_.cancel();
  }

  void open(std::vector<Step>& steps) const {
    for (const Speaker& speaker : speakers_) {
      steps.push_back(step_of(OpenMessage{.message = speaker.message,
                                          .parent = {},
                                          .role = Role::assistant,
                                          .author = speaker.author}));
      steps.push_back(
          step_of(StartPart{.message = speaker.message, .part = 0, .value = TextPart{}}));
    }
  }

  void say_round(std::vector<Step>& steps) const {
    for (const Speaker& speaker : speakers_) {
      if (round_ >= speaker.tokens.size()) continue;
      steps.push_back(step_of(
          AppendContent{.message = speaker.message, .part = 0, .text = speaker.tokens[round_]}));
    }
  }

  void close(std::vector<Step>& steps) const {
    std::size_t total = 0;
    for (const Speaker& speaker : speakers_) {
      total += speaker.tokens.size();
      steps.push_back(step_of(EndMessage{.message = speaker.message,
                                         .status = MessageStatus::complete,
                                         .usage = usage_of(speaker.tokens.size())}));
    }
    steps.push_back(
        step_of(EndRun{.status = RunStatus::completed, .error = {}, .usage = usage_of(total)}));
  }

  static Json usage_of(std::size_t tokens) {
    return Json{R"({"completion_tokens":)" + std::to_string(tokens) + "}"};
  }

  std::vector<Speaker> speakers_;
  double rate_;
  StepWriter& writer_;
  Timer timer_;
  std::size_t rounds_ = 0;
  std::size_t round_ = 0;
  SteadyClock::time_point began_;
  std::size_t began_round_ = 0;
  bool paused_ = false;
  Alive alive_;
};

}  // namespace

DemoAgent::DemoAgent(DemoOptions options, boost::asio::any_io_executor executor)
    : options_(std::move(options)), executor_(std::move(executor)) {}

AgentSettings DemoAgent::settings(const std::optional<Json>& params) const {
  RequestSettings settings;
  settings.kind = "demo";
  settings.system = options_.system;
  set_member(settings.request, "model", json_string(options_.model));
  apply_params(settings, options_.params, ModelChoice::fixed);
  apply_params(settings, params, ModelChoice::fixed);
  return {.bytes = settings_bytes(settings), .model = options_.model};
}

Sent DemoAgent::sent(const Context& context) const { return sent_from_settings(context); }

std::unique_ptr<Generation> DemoAgent::start(Context context, Sent /*sent*/, StepWriter& writer) {
  const RequestSettings settings = read_settings(context.settings).value_or(RequestSettings{});
  const std::optional<std::size_t> tokens = count(settings, "tokens", limits::demo_tokens_max);
  const std::size_t agents = count(settings, "agents", names.size()).value_or(1);
  double rate = number(settings, "rate").value_or(options_.rate);
  if (!(rate > 0)) rate = options_.rate;

  std::vector<Speaker> voices;
  for (std::uint32_t i = 0; i < agents; ++i) {
    Speaker speaker;
    speaker.message = message_id_of(context.run, i + 1);
    if (agents > 1) speaker.author = names[i];
    speaker.tokens = demo_tokens(context.path, speaker.author.value_or(""), tokens);
    voices.push_back(std::move(speaker));
  }
  return std::make_unique<DemoGeneration>(std::move(voices), std::min(rate, limits::demo_rate_max),
                                          writer, executor_);
}

}  // namespace lockstep
