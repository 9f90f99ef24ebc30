// SPDX-License-Identifier: Apache-2.0
// openai_agent.h: a producer for any server with OpenAI's Chat Completions API.
//
// It adds settings and requests to what model_generation.h does with any server. The error
// `context_too_long` also means that the settings refuse the request: then no byte was sent.
//
// Lives on: the engine strand.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/time.h"
#include "engine/rules/producer.h"
#include "server/inference/http_client.h"
#include "server/inference/model_generation.h"
#include "server/inference/provider_rules.h"
#include "server/inference/settings.h"
#include "server/inference/think_tags.h"

namespace lockstep {

struct OpenAiOptions : ServedReach {
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
  std::vector<std::string> files;         // which of `file_kinds` the server takes
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
