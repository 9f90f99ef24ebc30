// SPDX-License-Identifier: Apache-2.0
// anthropic_agent.h: a producer for any server with Anthropic's Messages API.
//
// It adds settings and requests to what model_generation.h does with any server: its requests are
// those of anthropic_messages.h, and anthropic_codec.h reads the answers. `base_url` is the
// server's address, with or without the ending `/v1`. The key goes into `x-api-key`, unless the
// configuration names another header. The error `context_too_long` also means that the settings
// refuse the request: then no byte was sent.
//
// Lives on: the engine strand.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/time.h"
#include "engine/rules/producer.h"
#include "server/inference/http_client.h"
#include "server/inference/model_generation.h"
#include "server/inference/settings.h"

namespace lockstep {

struct AnthropicOptions : ServedReach {
  std::string model;
  std::string system;
  std::optional<Json> params;
  ModelChoice model_choice = ModelChoice::fixed;
  bool names = true;     // write authors into the text if there are several
  bool prefill = false;  // some models go on with a last turn of the assistant
  bool cache = true;     // mark what the provider may keep for the next request
  std::optional<std::uint64_t> context_tokens;  // of request and answer; none: no limit
  WhenTooLong when_too_long = WhenTooLong::refuse;
};

inline constexpr std::string_view anthropic_key_header = "x-api-key";

// The request's path behind that of `base_url`.
[[nodiscard]] std::string messages_path(const Endpoint& endpoint);

class AnthropicAgent final : public Agent {
 public:
  AnthropicAgent(AnthropicOptions options, boost::asio::any_io_executor executor, Random& random,
                 Clock& clock);
  AnthropicAgent(const AnthropicAgent&) = delete;
  AnthropicAgent& operator=(const AnthropicAgent&) = delete;

  [[nodiscard]] AgentSettings settings(const std::optional<Json>& params) const override;
  [[nodiscard]] Sent sent(const Context& context) const override;
  [[nodiscard]] std::unique_ptr<Generation> start(Context context, Sent sent,
                                                  StepWriter& writer) override;

 private:
  AnthropicOptions options_;
  boost::asio::any_io_executor executor_;
  Random& random_;
  Clock& clock_;
  HttpClient client_;
};

}  // namespace lockstep
