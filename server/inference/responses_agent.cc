// SPDX-License-Identifier: Apache-2.0
#include "server/inference/responses_agent.h"

#include <utility>

#include "schema/json/json_text.h"
#include "server/inference/compose.h"
#include "server/inference/endpoint.h"
#include "server/inference/opaque_origin.h"
#include "server/inference/responses_codec.h"
#include "server/inference/responses_params.h"
#include "server/inference/summary.h"

namespace lockstep {
namespace {

constexpr const char* kind = "openai-responses";

}  // namespace

ResponsesAgent::ResponsesAgent(ResponsesOptions options, boost::asio::any_io_executor executor,
                               Random& random, Clock& clock)
    : options_(std::move(options)),
      executor_(std::move(executor)),
      random_(random),
      clock_(clock),
      client_(executor_, options_.tls) {}

AgentSettings ResponsesAgent::settings(const std::optional<Json>& params) const {
  RequestSettings settings;
  settings.kind = kind;
  settings.system = options_.system;
  settings.names = options_.names;
  settings.join = options_.join_roles;
  settings.context_tokens = options_.context_tokens;
  settings.when_too_long = options_.when_too_long;
  set_member(settings.request, "model", json_string(options_.model));
  apply_responses_params(settings, options_.params, ModelChoice::fixed);
  apply_responses_params(settings, take_summarise(params, settings), options_.model_choice);
  leave_actions_out(settings);
  const std::string model = model_of(settings).value_or(options_.model);
  const auto by_model = gives_reasoning(model) ? ReasoningBack::always : ReasoningBack::never;
  settings.reasoning = options_.reasoning.value_or(by_model);
  settings.origin = opaque_origin(kind, url_of(options_.endpoint), model);
  set_responses_members(settings);
  return {.bytes = settings_bytes(settings), .model = model};
}

Sent ResponsesAgent::sent(const Context& context) const { return sent_from_settings(context); }

std::unique_ptr<Generation> ResponsesAgent::start(Context context, Sent sent, StepWriter& writer) {
  const std::optional<RequestSettings> settings = read_settings(context.settings);
  std::string origin = settings ? settings->origin : "";
  Wire wire;
  wire.path = "/responses";
  wire.decoder = [run = context.run, origin = std::move(origin)](const Redactor& redactor) {
    return std::make_unique<ResponsesDecoder>(run, redactor, origin);
  };
  const ModelMeans means{options_, client_, random_, clock_, executor_};
  return start_generation(means,
                          {std::move(wire), std::move(sent.body), std::move(sent.refusal),
                           asked_summary(context, settings, sent.repairs)},
                          writer);
}

}  // namespace lockstep
