// SPDX-License-Identifier: Apache-2.0
// settings.h: all that shapes a request beside the path.
//
// The settings of a run are stored once per content and are kept for ever: with the path they are
// enough to say what the model was sent, whatever the configuration has become since. They are
// JSON:
//
//   {"format":1,"kind":"openai","system":"...","names":true,"ignored":[...],"request":{...}}
//
// `request` holds the members of the request body beside `messages`, as they are sent: values are
// never parsed and written again, so that a number keeps its digits. Their order is that of the
// configuration, then that of the run's parameters: the order of a schema's properties is part of
// what a model reads. `ignored` names parameters that are not the caller's to set; they show as
// repairs.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/rules/event.h"
#include "schema/json/json_members.h"

namespace lockstep {

struct RequestSettings {
  std::string kind;  // openai, demo or push
  std::string system;
  std::vector<JsonMember> request;
  std::vector<std::string> ignored;
  bool names = true;  // authors are sent as `name`
  friend bool operator==(const RequestSettings&, const RequestSettings&) = default;
};

// What a caller may do to the configuration's request.
enum class ModelChoice { fixed, callers };

// Lays the members of `params` over the request. Not the caller's: `messages`, `stream`,
// `stream_options`, `n`, and `model` if it is fixed.
void apply_params(RequestSettings& settings, const std::optional<Json>& params, ModelChoice choice);

// The name of a member, at any depth, that seems to hold a secret. Nothing in a configuration's
// params is secret: `…/context` shows to every front what was sent, and the log keeps it.
[[nodiscard]] std::optional<std::string> secret_in(const Json& params);

// Replaces the member or adds it at the end.
void set_member(std::vector<JsonMember>& members, std::string_view key, std::string value);
// Null if there is none.
[[nodiscard]] const std::string* find_member(const std::vector<JsonMember>& members,
                                             std::string_view key);

// The model that is asked for; nothing if none is named.
[[nodiscard]] std::optional<std::string> model_of(const RequestSettings& settings);

[[nodiscard]] std::string settings_bytes(const RequestSettings& settings);
// Nothing if these are not settings of a format that is known here.
[[nodiscard]] std::optional<RequestSettings> read_settings(std::string_view bytes);

}  // namespace lockstep
