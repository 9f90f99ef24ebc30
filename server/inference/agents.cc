// SPDX-License-Identifier: Apache-2.0
#include "server/inference/agents.h"

#include <algorithm>
#include <utility>

#include "engine/base/codes.h"
#include "engine/base/try.h"
#include "engine/rules/written_by_claims.h"
#include "schema/json/json_reader.h"
#include "schema/json/json_text.h"
#include "server/inference/agent_reach.h"
#include "server/inference/anthropic_agent.h"
#include "server/inference/compose.h"
#include "server/inference/demo_agent.h"
#include "server/inference/openai_agent.h"
#include "server/inference/responses_agent.h"
#include "server/inference/settings.h"

namespace lockstep {
namespace {

// A writer outside the server writes its steps. `sent` still shows what a model would receive.
class PushAgent final : public Agent {
 public:
  explicit PushAgent(const AgentConfig& config)
      : kind_(name_of(config.kind)),
        model_(config.model),
        system_(config.system),
        params_(config.params) {}

  [[nodiscard]] AgentSettings settings(const std::optional<Json>& params) const override {
    RequestSettings settings;
    settings.kind = kind_;
    settings.system = system_;
    if (!model_.empty()) set_member(settings.request, "model", json_string(model_));
    apply_params(settings, params_, ModelChoice::callers);
    apply_params(settings, params, ModelChoice::callers);
    return {.bytes = settings_bytes(settings), .model = model_of(settings)};
  }

  [[nodiscard]] Sent sent(const Context& context) const override {
    return sent_from_settings(context);
  }

  [[nodiscard]] bool writes_outside() const override { return true; }
  [[nodiscard]] std::unique_ptr<Generation> start(Context, Sent, StepWriter&) override {
    return nullptr;
  }

 private:
  std::string kind_;
  std::string model_;
  std::string system_;
  std::optional<Json> params_;
};

// The dependencies of agents.
struct Means {
  const boost::asio::any_io_executor& executor;
  Random& random;
  Clock& clock;
  std::shared_ptr<SecretRing> secrets;  // of all: one server behind several agents may quote any
  std::vector<AgentWarning>& warnings;
};

// What all kinds have that ask a model server.
template <class Options>
Result<Options> served_options(const std::string& name, const AgentConfig& config,
                               const Means& means) {
  if (config.model.empty()) {
    return fail(Kind::rejected, codes::invalid,
                "set `model`, which kind " + std::string(name_of(config.kind)) + " needs");
  }
  TRY_LET(reach, reach_of(name, config, means.secrets, means.warnings));
  Options options;
  static_cast<Reach&>(options) = std::move(reach);
  options.model = config.model;
  options.system = config.system;
  options.params = config.params;
  options.model_choice = chooses_model(config) ? ModelChoice::callers : ModelChoice::fixed;
  options.names = config.send_names;
  if (config.when_too_long && !config.context_tokens) {
    return fail(Kind::rejected, codes::invalid,
                "set `context_tokens`, without which `when_too_long` has no meaning");
  }
  options.context_tokens = config.context_tokens;
  options.when_too_long = config.when_too_long.value_or(WhenTooLong::refuse);
  options.connect_timeout = config.connect_timeout;
  options.first_token_timeout = config.first_token_timeout;
  options.token_timeout = config.token_timeout;
  options.keepalive_timeout = config.keepalive_timeout;
  return options;
}

Result<ResponsesOptions> responses_options(const std::string& name, const AgentConfig& config,
                                           const Means& means) {
  TRY_LET(options, served_options<ResponsesOptions>(name, config, means));
  options.join_roles = config.join_roles;
  options.reasoning = config.reasoning;
  return options;
}

Result<OpenAiOptions> openai_options(const std::string& name, const AgentConfig& config,
                                     const Means& means) {
  TRY_LET(options, served_options<OpenAiOptions>(name, config, means));
  options.prefill = config.prefill;
  options.join_roles = config.join_roles;
  options.reasoning = reasoning_rule(options.endpoint.host);
  if (config.reasoning) options.reasoning.back = *config.reasoning;
  if (config.reasoning_field) options.reasoning.field = *config.reasoning_field;
  options.think_tags = config.think_tags;
  options.usage = config.send_usage;
  options.files = config.takes_files.value_or(files_rule(options.endpoint.host));
  return options;
}

Result<AnthropicOptions> anthropic_options(const std::string& name, const AgentConfig& config,
                                           const Means& means) {
  TRY_LET(options, served_options<AnthropicOptions>(name, config, means));
  options.prefill = config.prefill;
  options.cache = config.cache;
  return options;
}

Result<std::unique_ptr<Agent>> make_agent(const std::string& name, const AgentConfig& config,
                                          const Means& means) {
  if (config.params && !is_json_object(config.params->text)) {
    return fail(Kind::rejected, codes::invalid, "`params` must be a JSON object");
  }
  switch (config.kind) {
    case AgentKind::openai: {
      TRY_LET(options, openai_options(name, config, means));
      return std::make_unique<OpenAiAgent>(std::move(options), means.executor, means.random,
                                           means.clock);
    }
    case AgentKind::openai_responses: {
      TRY_LET(options, responses_options(name, config, means));
      return std::make_unique<ResponsesAgent>(std::move(options), means.executor, means.random,
                                              means.clock);
    }
    case AgentKind::anthropic: {
      TRY_LET(options, anthropic_options(name, config, means));
      return std::make_unique<AnthropicAgent>(std::move(options), means.executor, means.random,
                                              means.clock);
    }
    case AgentKind::demo: {
      if (!(config.rate > 0)) return fail(Kind::rejected, codes::invalid, "`rate` must be above 0");
      DemoOptions options{.system = config.system, .params = config.params, .rate = config.rate};
      if (!config.model.empty()) options.model = config.model;
      return std::make_unique<DemoAgent>(std::move(options), means.executor);
    }
    case AgentKind::push:
    case AgentKind::worker:
      return std::make_unique<PushAgent>(config);
  }
  std::unreachable();
}

void add_name(JsonNode tool, std::vector<std::string>& names) {
  tool.each_member([&names](std::string_view key, JsonNode value) {
    if (key == "name" && value.is_string()) names.emplace_back(value.text());
  });
}

void add_names(JsonNode tool, std::vector<std::string>& names) {
  add_name(tool, names);
  tool.each_member([&names](std::string_view key, JsonNode value) {
    if (key == "function") add_name(value, names);
  });
}

// The names of the tools in these params, in each form that an API has: `function.name`, or `name`.
std::vector<std::string> tool_names(const Json& params) {
  std::vector<std::string> names;
  const auto read = read_json(params.text, unbounded_json(limits::json_depth_max));
  if (!read) return names;
  read->root().each_member([&names](std::string_view key, JsonNode tools) {
    if (key == "tools") tools.each_element([&names](JsonNode tool) { add_names(tool, names); });
  });
  return names;
}

constexpr const char* outside_text = ", whose runs are written outside";
constexpr const char* leads_back_text =
    "`fallback` leads back to an agent that has failed: end it somewhere";

std::unexpected<Error> fault_of(const AgentName& agent, const std::string& what) {
  return fail(Kind::rejected, codes::invalid, "agent " + agent.get() + ": " + what);
}

// A call that waits for a person at the agent waits at its fallback too.
Result<void> check_gates(const AgentName& agent, const CallRules& rules, const AgentName& fallback,
                         const CallRules& its) {
  for (const std::string& tool : rules.ask_before) {
    if (its.asks_before(tool)) continue;
    return fault_of(agent, "its fallback " + fallback.get() + " does not ask before `" + tool +
                               "`: add it to the `ask_before` there");
  }
  return {};
}

// A misspelt name would be no gate. An agent without tools gets them from its runs.
void warn_of_tools(const std::string& name, const AgentConfig& config,
                   std::vector<AgentWarning>& warnings) {
  const std::vector<std::string> known =
      config.params ? tool_names(*config.params) : std::vector<std::string>();
  if (known.empty()) return;
  for (const std::string& tool : config.calls.ask_before) {
    if (tool == "*" || std::ranges::find(known, tool) != known.end()) continue;
    warnings.push_back({"ask_before_unknown", name, tool});
  }
}

// The kind of the agent that a run began with; empty if its settings can't be read.
std::string kind_of(std::string_view settings) {
  const auto begun_with = read_settings(settings);
  return begun_with ? begun_with->kind : std::string();
}

// The kind and the model are those of its settings, so that they are named in one place.
AgentFace face_of(AgentName name, const AgentConfig& config, const Agent& agent) {
  const ParamRules rules = param_rules(config);
  const AgentSettings settings = agent.settings({});
  AgentFace face;
  face.name = std::move(name);
  if (const auto read = read_settings(settings.bytes)) face.kind = read->kind;
  face.model = settings.model.value_or("");
  face.models = rules.models;
  face.any_model = rules.any_model;
  if (!rules.any) face.params = rules.allowed;
  face.any_params = rules.any;
  face.context_tokens = config.context_tokens;
  face.tokens_max = rules.tokens_max;
  face.runs_at_once = config.runs_at_once;
  face.price = config.price;
  face.images = config.takes_images.value_or(config.kind != AgentKind::demo);
  return face;
}

}  // namespace

std::string_view name_of(AgentKind kind) {
  switch (kind) {
    case AgentKind::openai:
      return "openai";
    case AgentKind::openai_responses:
      return "openai-responses";
    case AgentKind::anthropic:
      return "anthropic";
    case AgentKind::demo:
      return "demo";
    case AgentKind::push:
      return "push";
    case AgentKind::worker:
      return "worker";
  }
  std::unreachable();
}

std::optional<AgentKind> agent_kind(std::string_view name) {
  for (const auto each : {AgentKind::openai, AgentKind::openai_responses, AgentKind::anthropic,
                          AgentKind::demo, AgentKind::push, AgentKind::worker}) {
    if (name == name_of(each)) return each;
  }
  return {};
}

AgentSet::AgentSet() = default;
AgentSet::~AgentSet() = default;

Result<std::unique_ptr<AgentSet>> AgentSet::open(const AgentsConfig& config,
                                                 const boost::asio::any_io_executor& executor,
                                                 Random& random, Clock& clock) {
  std::unique_ptr<AgentSet> set(new AgentSet());
  AgentsConfig agents = config;
  if (agents.empty()) agents.emplace("default", AgentConfig());
  const Means means{executor, random, clock, std::make_shared<SecretRing>(), set->warnings_};
  for (const auto& [name, agent] : agents) {
    Result<std::unique_ptr<Agent>> made = make_agent(name, agent, means);
    if (!made) {
      const std::string where = agent.where.empty() ? "agent " + name : agent.where;
      return std::unexpected(
          Error{made.error().kind, made.error().code, where + ": " + made.error().detail});
    }
    const auto shown = agent.params ? secret_in(*agent.params) : std::nullopt;
    if (shown) set->warnings_.push_back({"params_are_shown", name, *shown});
    warn_of_tools(name, agent, set->warnings_);
    const Agent* made_here =
        set->agents_.emplace(AgentName(name), std::move(*made)).first->second.get();
    set->rules_.emplace(AgentName(name), param_rules(agent));
    set->calls_.emplace(AgentName(name), agent.calls);
    set->faces_.emplace(AgentName(name), face_of(AgentName(name), agent, *made_here));
    if (agent.kind == AgentKind::push) {
      set->silences_.emplace(AgentName(name), agent.silence_timeout);
    }
    if (agent.kind == AgentKind::worker) set->workers_.emplace(AgentName(name), agent.worker);
  }
  TRY(set->check_fallbacks());
  return set;
}

Result<void> AgentSet::check_fallbacks() const {
  for (const auto& [name, rules] : calls_) {
    std::size_t steps = 0;
    for (std::optional<AgentName> next = rules.fallback; next; next = fallback(*next)) {
      const Agent* agent = find(*next);
      if (!agent) return fault_of(name, "there is no agent " + next->get() + " for `fallback`");
      const bool outside = agent->writes_outside();
      if (outside) return fault_of(name, "`fallback` can't be " + next->get() + outside_text);
      TRY(check_gates(name, rules, *next, calls_.at(*next)));
      const bool leads_back = *next == name || ++steps > calls_.size();
      if (leads_back) return fault_of(name, leads_back_text);
    }
  }
  return {};
}

bool AgentSet::asks_before(const AgentName& agent, std::string_view tool) const {
  const auto found = calls_.find(agent);
  return found != calls_.end() && found->second.asks_before(tool);
}

std::chrono::microseconds AgentSet::answer_time(const AgentName& agent) const {
  const auto found = calls_.find(agent);
  if (found == calls_.end()) return limits::answer_time_default;
  return found->second.answer_time;
}

std::optional<AgentName> AgentSet::fallback(const AgentName& agent) const {
  const auto found = calls_.find(agent);
  return found == calls_.end() ? std::nullopt : found->second.fallback;
}

Agent* AgentSet::find(const AgentName& name) const {
  const auto found = agents_.find(name);
  return found == agents_.end() ? nullptr : found->second.get();
}

std::optional<AgentFace> AgentSet::face(const AgentName& name) const {
  const auto found = faces_.find(name);
  return found == faces_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<AgentFace> AgentSet::faces() const {
  std::vector<AgentFace> faces;
  faces.reserve(faces_.size());
  for (const auto& [name, face] : faces_) faces.push_back(face);
  return faces;
}

std::optional<AgentSettings> AgentSet::settings(const AgentName& agent,
                                                const std::optional<Json>& params) const {
  const Agent* found = find(agent);
  if (!found) return {};
  return found->settings(params);
}

std::optional<std::string> AgentSet::refusal(const AgentName& agent,
                                             const std::optional<Json>& params) const {
  const auto found = rules_.find(agent);
  if (found == rules_.end() || !params) return {};
  return lockstep::refusal(found->second, agent, *params);
}

std::optional<std::chrono::microseconds> AgentSet::outlives(const AgentName& agent,
                                                            std::string_view settings) const {
  if (workers_.contains(agent)) {
    return kind_of(settings) == "worker" ? std::optional(written_by_claims) : std::nullopt;
  }
  const auto silence = silences_.find(agent);
  if (silence == silences_.end()) return {};
  // The agent of this name may have had another kind when the run began.
  if (kind_of(settings) != "push") return {};
  return silence->second;
}

bool AgentSet::wrote_outside(std::string_view settings) const {
  const std::string kind = kind_of(settings);
  return kind == "push" || kind == "worker";
}

std::optional<WorkerConfig> AgentSet::worker(const AgentName& agent) const {
  const auto found = workers_.find(agent);
  return found == workers_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace lockstep
