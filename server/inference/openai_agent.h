// SPDX-License-Identifier: Apache-2.0
// openai_agent.h: a producer for any server with OpenAI's Chat Completions API.
//
// One run is one streamed request. Stopping it closes the connection at once; no header that would
// keep a generation alive behind a closed connection is sent. A try that fails before anything was
// shown (no connection, one that breaks before the answer, 408, 429, 5xx) is made again, some times
// (retry.h); once a step was written nothing is tried again, for the user has seen it. From the
// moment when the connection stands, this object watches the time (answer_clock.h).
//
// A run's error has one of the codes of http_client.h, or of upstream_error.h (from what the server
// says), or: missing_key, context_too_long (the settings refuse the request, no byte was sent),
// upstream_error (the same as upstream_error.h, in mid-stream, without a better code),
// upstream_malformed, upstream_too_large. No error, log line or settings hold the key: texts of the
// server pass through the redactor (redactor.h).
//
// Lives on: the engine strand.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "engine/base/time.h"
#include "engine/rules/producer.h"
#include "server/inference/http_client.h"
#include "server/inference/limits.h"
#include "server/inference/provider_rules.h"
#include "server/inference/reach.h"
#include "server/inference/settings.h"
#include "server/inference/think_tags.h"

namespace lockstep {

struct OpenAiOptions : Reach {
  std::string model;
  std::string system;
  std::optional<Json> params;
  ModelChoice model_choice = ModelChoice::fixed;
  bool names = true;        // some servers refuse a message with a `name`
  bool join_roles = true;   // some servers refuse neighbours of one role
  bool prefill = false;     // some servers go on with a last turn of the assistant
  ReasoningRule reasoning;  // some servers need earlier reasoning, others refuse it
  std::optional<std::uint64_t> context_tokens;  // of request and answer; none: no limit
  WhenTooLong when_too_long = WhenTooLong::refuse;
  ThinkTags think_tags = ThinkTags::off;  // of the answers
  bool usage = true;                      // some servers refuse `stream_options`
  std::chrono::milliseconds connect_timeout = limits::connect_timeout;
  std::chrono::milliseconds first_token_timeout = limits::first_token_timeout;
  std::chrono::milliseconds token_timeout = limits::token_timeout;
  std::chrono::milliseconds keepalive_timeout = limits::keepalive_timeout;
  std::chrono::milliseconds retry_first = limits::retry_first;
};

class OpenAiAgent final : public Agent {
 public:
  OpenAiAgent(OpenAiOptions options, boost::asio::any_io_executor executor, Random& random,
              Clock& clock);
  OpenAiAgent(const OpenAiAgent&) = delete;
  OpenAiAgent& operator=(const OpenAiAgent&) = delete;

  [[nodiscard]] AgentSettings settings(const std::optional<Json>& params) const override;
  [[nodiscard]] Sent sent(const Context& context) const override;
  [[nodiscard]] std::unique_ptr<Generation> start(Context context, Sent sent,
                                                  StepWriter& writer) override;

 private:
  OpenAiOptions options_;
  boost::asio::any_io_executor executor_;
  Random& random_;
  Clock& clock_;
  HttpClient client_;
};

}  // namespace lockstep
