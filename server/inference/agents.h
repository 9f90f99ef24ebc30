// SPDX-License-Identifier: Apache-2.0
// agents.h: the configured agents, by name.
//
// An agent produces the steps of a run: kinds `openai` and `anthropic` ask a model server, `demo`
// makes up a text, and `push` and `worker` leave the writing to programs of the operator. The set
// gives the engine the settings of a run (all that shapes the request besides the path), and gives
// the server the agent to start.
//
// Lives on: the engine strand.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/time.h"
#include "engine/rules/agent_face.h"
#include "engine/rules/agents.h"
#include "engine/rules/producer.h"
#include "server/inference/agent_warning.h"
#include "server/inference/call_rules.h"
#include "server/inference/header_rules.h"
#include "server/inference/limits.h"
#include "server/inference/param_rules.h"
#include "server/inference/settings.h"
#include "server/inference/think_tags.h"
#include "server/inference/worker_limits.h"

namespace lockstep {

enum class AgentKind { openai, openai_responses, anthropic, demo, push, worker };
// Does an agent of this kind send requests to a model server?
[[nodiscard]] constexpr bool asks_a_model(AgentKind kind) {
  return kind != AgentKind::demo && kind != AgentKind::push && kind != AgentKind::worker;
}
// The kind with this name in the configuration file.
[[nodiscard]] std::optional<AgentKind> agent_kind(std::string_view name);
[[nodiscard]] std::string_view name_of(AgentKind kind);

struct WorkerConfig {
  std::chrono::milliseconds claim_time = limits::claim_time_default;  // until a worker claims a run
  bool retries = true;                                           // a lost run is claimable again
  std::uint32_t attempts_max = limits::worker_attempts_default;  // claims of one run
};

struct AgentConfig {
  AgentKind kind = AgentKind::demo;
  std::string base_url;  // openai: up to `/v1`; anthropic: the same, or before it
  std::string model;
  std::string system;
  std::string api_key_env;     // the variable's name; empty: not in a variable
  std::string api_key_file;    // read again when it changes; empty: not in a file
  std::string api_key_header;  // has the key as it is; empty: `Authorization: Bearer KEY`
  Texts headers;               // sent with each request, by name
  Texts header_env;            // the same, but the values are names of variables
  Texts query;                 // of each request, by name
  std::string proxy;           // its URL, or `none`; empty: as the environment says
  std::string ca_file;         // PEM; empty: the system's authorities
  std::string client_certificate_file;
  std::string client_key_file;
  std::optional<Json> params;       // an object; a run's own params override its members
  bool model_by_params = false;     // may a run choose any other model?
  std::vector<std::string> models;  // that a run may choose besides `model`
  // The parameters that a run may set; `*`: all. Nothing: as the kind has it (param_rules.h).
  std::optional<std::vector<std::string>> params_allowed;
  std::optional<std::uint32_t> runs_at_once;  // nothing: no limit
  CallRules calls;
  std::optional<bool> takes_images;  // told to fronts; nothing: as the kind has it
  bool send_names = true;            // send authors as `name`; some servers refuse it
  bool join_roles = true;            // join neighbours of one role; many chat templates insist
  bool prefill = false;              // the server goes on with a last turn of the assistant
  // Which earlier reasoning goes back, and as which member. Nothing: as the server's rules are
  // published (provider_rules.h).
  std::optional<ReasoningBack> reasoning;
  std::optional<std::string> reasoning_field;
  std::optional<std::uint64_t> context_tokens;  // of the model; none: the request has no limit
  std::optional<WhenTooLong> when_too_long;     // nothing: refuse
  ThinkTags think_tags = ThinkTags::off;        // of its answers; the request does not change
  // Which of `file_kinds` its server takes. Nothing: as the server's rules are published.
  std::optional<std::vector<std::string>> takes_files;
  bool send_usage = true;  // ask for usage by `stream_options`; some servers refuse it
  std::chrono::milliseconds connect_timeout = limits::connect_timeout;
  std::chrono::milliseconds first_token_timeout = limits::first_token_timeout;
  std::chrono::milliseconds token_timeout = limits::token_timeout;
  std::chrono::milliseconds keepalive_timeout = limits::keepalive_timeout;
  bool cache = true;  // anthropic: mark what the provider may keep for the next request
  // push: the server interrupts a run whose writer is silent for so long
  std::chrono::milliseconds silence_timeout = limits::silence_timeout;
  WorkerConfig worker;
  std::optional<TokenPrice> price;  // for the totals of usage
  double rate = 40;                 // demo: tokens a second
  std::string where;                // its place in the file, for errors; may be empty
};
using AgentsConfig = std::map<std::string, AgentConfig>;

class AgentSet final : public Agents {
 public:
  // Reads keys and proxies from the environment, once. If `config` is empty, the set has one agent
  // `default` of kind demo. Fails with `invalid` and the agent's place or name.
  [[nodiscard]] static Result<std::unique_ptr<AgentSet>> open(
      const AgentsConfig& config, const boost::asio::any_io_executor& executor, Random& random,
      Clock& clock);
  ~AgentSet() override;
  AgentSet(const AgentSet&) = delete;
  AgentSet& operator=(const AgentSet&) = delete;

  [[nodiscard]] const std::vector<AgentWarning>& warnings() const { return warnings_; }

  // Null if no agent has this name. It lives as long as the set, and outlives its generations.
  [[nodiscard]] Agent* find(const AgentName& name) const;
  // Nothing if there is no such agent.
  [[nodiscard]] std::optional<AgentFace> face(const AgentName& name) const;
  // Of all agents, by name.
  [[nodiscard]] std::vector<AgentFace> faces() const;
  [[nodiscard]] std::optional<AgentSettings> settings(
      const AgentName& agent, const std::optional<Json>& params) const override;
  [[nodiscard]] std::optional<std::string> refusal(
      const AgentName& agent, const std::optional<Json>& params) const override;
  [[nodiscard]] std::optional<std::chrono::microseconds> outlives(
      const AgentName& agent, std::string_view settings) const override;
  [[nodiscard]] bool wrote_outside(std::string_view settings) const override;
  // Nothing if there is no agent of kind worker of this name.
  [[nodiscard]] std::optional<WorkerConfig> worker(const AgentName& agent) const;
  [[nodiscard]] bool asks_before(const AgentName& agent, std::string_view tool) const override;
  [[nodiscard]] std::chrono::microseconds answer_time(const AgentName& agent) const override;
  // The agent that takes over where this one fails before it has shown anything.
  [[nodiscard]] std::optional<AgentName> fallback(const AgentName& agent) const;

 private:
  // Fails if an agent's fallback is not there, writes outside, or leads back to it.
  [[nodiscard]] Result<void> check_fallbacks() const;

  AgentSet();
  std::map<AgentName, std::unique_ptr<Agent>> agents_;
  std::map<AgentName, ParamRules> rules_;
  std::map<AgentName, AgentFace> faces_;
  std::map<AgentName, CallRules> calls_;
  std::map<AgentName, std::chrono::milliseconds> silences_;  // of agents of kind push
  std::map<AgentName, WorkerConfig> workers_;                // of agents of kind worker
  std::vector<AgentWarning> warnings_;
};

}  // namespace lockstep
