// SPDX-License-Identifier: Apache-2.0
// demo_agent.h: an agent that needs no network.
//
// It gives the same words for the same path, token by token at a settable rate, so that a first
// look, a demonstration or an end-to-end test needs no model. Its parameters, each with a default:
//   rate    tokens a second, of each speaker
//   tokens  how many; without it, a text of some hundred words
//   agents  how many speak at once: each writes a message of its own, token by token in turn
//
// Lives on: the engine strand.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <optional>
#include <string>

#include "engine/rules/producer.h"

namespace lockstep {

struct DemoOptions {
  std::string model = "demo";
  std::string system = {};
  std::optional<Json> params = {};
  double rate = 40;
};

class DemoAgent final : public Agent {
 public:
  DemoAgent(DemoOptions options, boost::asio::any_io_executor executor);
  DemoAgent(const DemoAgent&) = delete;
  DemoAgent& operator=(const DemoAgent&) = delete;

  [[nodiscard]] AgentSettings settings(const std::optional<Json>& params) const override;
  [[nodiscard]] Sent sent(const Context& context) const override;
  [[nodiscard]] std::unique_ptr<Generation> start(Context context, Sent sent,
                                                  StepWriter& writer) override;

 private:
  DemoOptions options_;
  boost::asio::any_io_executor executor_;
};

}  // namespace lockstep
