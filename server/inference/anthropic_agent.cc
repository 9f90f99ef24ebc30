// SPDX-License-Identifier: Apache-2.0
#include "server/inference/anthropic_agent.h"

#include <utility>

#include "schema/json/json_text.h"
#include "server/inference/anthropic_codec.h"
#include "server/inference/compose.h"
#include "server/inference/endpoint.h"
#include "server/inference/opaque_origin.h"
#include "server/inference/summary.h"

namespace lockstep {

std::string messages_path(const Endpoint& endpoint) {
  return endpoint.base.ends_with("/v1") ? "/messages" : "/v1/messages";
}

AnthropicAgent::AnthropicAgent(AnthropicOptions options, boost::asio::any_io_executor executor,
                               Random& random, Clock& clock)
    : options_(std::move(options)),
      executor_(std::move(executor)),
      random_(random),
      clock_(clock),
      client_(executor_, options_.tls) {}

AgentSettings AnthropicAgent::settings(const std::optional<Json>& params) const {
  RequestSettings settings;
  settings.kind = "anthropic";
  settings.system = options_.system;
  settings.names = options_.names;
  settings.reasoning = ReasoningBack::always;
  settings.prefill = options_.prefill;
  settings.cache = options_.cache;
  settings.context_tokens = options_.context_tokens;
  settings.when_too_long = options_.when_too_long;
  set_member(settings.request, "model", json_string(options_.model));
  set_member(settings.request, "max_tokens", std::to_string(limits::anthropic_answer_tokens));
  set_member(settings.request, "stream", "true");
  apply_params(settings, options_.params, ModelChoice::fixed);
  apply_run_params(settings, take_summarise(params, settings), options_.model_choice);
  leave_actions_out(settings);
  std::string model = model_of(settings).value_or(options_.model);
  settings.origin = opaque_origin(settings.kind, url_of(options_.endpoint), model);
  return {.bytes = settings_bytes(settings), .model = std::move(model)};
}

Sent AnthropicAgent::sent(const Context& context) const { return sent_from_settings(context); }

std::unique_ptr<Generation> AnthropicAgent::start(Context context, Sent sent, StepWriter& writer) {
  const auto settings = read_settings(context.settings);
  Wire wire;
  wire.path = messages_path(options_.endpoint);
  // The version of the API that this code knows; the configuration may send another.
  wire.headers = {{"anthropic-version", "2023-06-01"}};
  wire.key_header = anthropic_key_header;
  wire.decoder = [run = context.run,
                  origin = settings ? settings->origin : std::string()](const Redactor& redactor) {
    return std::make_unique<AnthropicDecoder>(run, origin, redactor);
  };
  const ModelMeans means{options_, client_, random_, clock_, executor_};
  return start_generation(means,
                          {std::move(wire), std::move(sent.body), std::move(sent.refusal),
                           asked_summary(context, settings, sent.repairs)},
                          writer);
}

}  // namespace lockstep
