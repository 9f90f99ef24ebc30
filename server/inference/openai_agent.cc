// SPDX-License-Identifier: Apache-2.0
#include "server/inference/openai_agent.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "schema/json/json_text.h"
#include "server/inference/compose.h"
#include "server/inference/model_generation.h"
#include "server/inference/opaque_origin.h"
#include "server/inference/openai_codec.h"
#include "server/inference/summary.h"

namespace lockstep {
namespace {

// Does the run continue an answer that has text?
bool goes_on_with_text(const Context& context) {
  return context.continues && !context.path.empty() &&
         std::ranges::any_of(context.path.back().parts, [](const Part& part) {
           const auto* text = std::get_if<TextPart>(&part);
           return text && !text->text.empty();
         });
}

}  // namespace

OpenAiAgent::OpenAiAgent(OpenAiOptions options, boost::asio::any_io_executor executor,
                         Random& random, Clock& clock)
    : options_(std::move(options)),
      executor_(std::move(executor)),
      random_(random),
      clock_(clock),
      client_(executor_, options_.tls) {}

AgentSettings OpenAiAgent::settings(const std::optional<Json>& params) const {
  RequestSettings settings;
  settings.kind = "openai";
  settings.system = options_.system;
  settings.names = options_.names;
  settings.join = options_.join_roles;
  settings.prefill = options_.prefill;
  settings.reasoning = options_.reasoning.back;
  settings.reasoning_field = options_.reasoning.field;
  settings.files = options_.files;
  settings.context_tokens = options_.context_tokens;
  settings.when_too_long = options_.when_too_long;
  set_member(settings.request, "model", json_string(options_.model));
  set_member(settings.request, "stream", "true");
  if (options_.usage) {
    set_member(settings.request, "stream_options", R"({"include_usage":true})");
  }
  apply_params(settings, options_.params, ModelChoice::fixed);
  apply_run_params(settings, take_summarise(params, settings), options_.model_choice);
  leave_actions_out(settings);
  settings.origin =
      opaque_origin(settings.kind, url_of(options_.endpoint), model_of(settings).value_or(""));
  return {.bytes = settings_bytes(settings), .model = model_of(settings).value_or(options_.model)};
}

Sent OpenAiAgent::sent(const Context& context) const { return sent_from_settings(context); }

std::unique_ptr<Generation> OpenAiAgent::start(Context context, Sent sent, StepWriter& writer) {
  ThinkTags tags = options_.think_tags;
  if (tags == ThinkTags::open && options_.prefill && goes_on_with_text(context)) {
    tags = ThinkTags::on;  // the server goes on behind the text, so it does not begin to think
  }
  Wire wire;
  wire.path = "/chat/completions";
  const auto settings = read_settings(context.settings);
  wire.decoder = [run = context.run, tags,
                  origin = settings ? settings->origin : std::string()](const Redactor& redactor) {
    return std::make_unique<ChatDecoder>(run, redactor, tags, origin);
  };
  const ModelMeans means{options_, client_, random_, clock_, executor_};
  return start_generation(means,
                          {std::move(wire), std::move(sent.body), std::move(sent.refusal),
                           asked_summary(context, settings, sent.repairs)},
                          writer);
}

}  // namespace lockstep
