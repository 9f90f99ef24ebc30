// SPDX-License-Identifier: Apache-2.0
// responses_agent.h: a producer for OpenAI's Responses API.
//
// It asks `POST {base_url}/responses` for a stream. Requests are composed by responses_input.h,
// answers read by responses_codec.h; sockets, time and tries are those of model_generation.h. The
// API keeps nothing (`store` is false): reasoning comes encrypted, is kept as opaque data, and goes
// back to the same server for models of the same family.
//
// Lives on: the engine strand.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "engine/base/time.h"
#include "engine/rules/producer.h"
#include "server/inference/http_client.h"
#include "server/inference/model_generation.h"
#include "server/inference/settings.h"

namespace lockstep {

struct ResponsesOptions : ServedReach {
  std::string model;
  std::string system;
  std::optional<Json> params;
  ModelChoice model_choice = ModelChoice::fixed;
  bool names = true;  // texts begin with their authors where a path has several
  bool join_roles = true;
  std::optional<ReasoningBack> reasoning;       // none: by the model (responses_params.h)
  std::optional<std::uint64_t> context_tokens;  // of request and answer; none: no limit
  WhenTooLong when_too_long = WhenTooLong::refuse;
};

class ResponsesAgent final : public Agent {
 public:
  ResponsesAgent(ResponsesOptions options, boost::asio::any_io_executor executor, Random& random,
                 Clock& clock);
  ResponsesAgent(const ResponsesAgent&) = delete;
  ResponsesAgent& operator=(const ResponsesAgent&) = delete;

  [[nodiscard]] AgentSettings settings(const std::optional<Json>& params) const override;
  [[nodiscard]] Sent sent(const Context& context) const override;
  [[nodiscard]] std::unique_ptr<Generation> start(Context context, Sent sent,
                                                  StepWriter& writer) override;

 private:
  ResponsesOptions options_;
  boost::asio::any_io_executor executor_;
  Random& random_;
  Clock& clock_;
  HttpClient client_;
};

}  // namespace lockstep
