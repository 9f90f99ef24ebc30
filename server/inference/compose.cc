// SPDX-License-Identifier: Apache-2.0
#include "server/inference/compose.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "schema/json/json_text.h"
#include "server/inference/anthropic_messages.h"
#include "server/inference/attached_files.h"
#include "server/inference/chat_messages.h"
#include "server/inference/compose_format1.h"
#include "server/inference/context_fit.h"
#include "server/inference/repairs.h"
#include "server/inference/responses_input.h"
#include "server/inference/settings.h"
#include "server/inference/summary.h"
#include "server/inference/turns.h"

namespace lockstep {
namespace {

Sent compose_chat(const Context& context, const RequestSettings& settings) {
  Repairs repairs;
  Fit fit = settings.context_tokens ? fit_of(context, settings) : Fit{};
  std::vector<Turn> turns = turns_of(context, settings, repairs, fit.first);
  turns = joined(std::move(turns), settings.join, repairs);
  ask_for_the_rest(turns, context, settings, repairs);
  std::string body = "{";
  const std::string* model = find_member(settings.request, "model");
  if (model) append_field_json(body, "model", *model);
  append_field_json(body, "messages", chat_messages(turns, settings, repairs));
  for (const JsonMember& member : settings.request) {
    if (member.key == "model" || member.key == "messages") continue;
    append_member(body, member.key, member.value);
  }
  body += '}';
  for (const std::string& name : settings.ignored) {
    repairs.add(RepairKind::parameter_left_out, name);
  }
  return {.body = std::move(body), .repairs = repairs.take(), .refusal = std::move(fit.refusal)};
}

Sent compose_kind(const Context& context, const RequestSettings& settings) {
  if (settings.kind == "openai-responses") return compose_responses(context, settings);
  if (settings.kind == "anthropic") return compose_anthropic(context, settings);
  return compose_chat(context, settings);
}

Sent compose_format2(const Context& context, const RequestSettings& settings) {
  Sent sent = compose_kind(context, settings);
  if (auto why = refuse_rest_of_summary(context)) sent.refusal = std::move(why);
  return sent;
}

}  // namespace

Sent sent_from_settings(const Context& context) {
  const std::optional<RequestSettings> settings = read_settings(context.settings);
  if (!settings) {
    return {.body = "", .repairs = {{.text = "the run's settings are of an unknown format"}}};
  }
  if (settings->format == 1) return compose_format1(context, *settings);
  const std::optional<Context> filled = with_files(context);
  return compose_format2(filled ? *filled : context, *settings);
}

}  // namespace lockstep
