// SPDX-License-Identifier: Apache-2.0
// settings.h: the settings of a run: all that shapes its request besides the path.
//
// The store keeps settings for ever, once for each content. With the path they give the exact
// request to the model, even if the configuration has changed since. They are JSON:
//
//   {"format":2,"kind":"openai","system":"...","names":true,"join":true,"reasoning":"never",
//    "reasoning_field":"reasoning_content","ignored":[...],"request":{...}}
//
// Behind `reasoning_field` come `origin`, where there is one, `prefill`, where it is true, and
// `context_tokens` with `when_too_long`, where the agent limits the request, and `summarise`, where
// it is true. The format says how the request was composed (compose.h). Kind `anthropic` also has
// `cache`, where it is false, and kind `openai` has `files`, where there are some. Runs of 0.1.0
// have format 1, without `join`, `reasoning` and `reasoning_field`.
//
// `request` holds the members of the request body besides `messages`. The server copies their
// values and does not parse and write them again, so that a number keeps its digits. Their order is
// that of the configuration, then that of the run's parameters, because a model reads the
// properties of a schema in their order. `ignored` has the parameters that a caller may not set;
// they show as repairs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/rules/event.h"
#include "schema/json/json_members.h"

namespace lockstep {

// Which reasoning of earlier answers goes back to the model?
enum class ReasoningBack : std::uint8_t {
  never,
  with_calls,  // that of turns with tool calls
  always,
};
[[nodiscard]] std::string_view name_of(ReasoningBack reasoning);
[[nodiscard]] std::optional<ReasoningBack> reasoning_back(std::string_view name);

// What if a request is longer than the model's context?
enum class WhenTooLong : std::uint8_t {
  refuse,       // the run fails
  drop_oldest,  // the oldest turns are left out
  summarise,    // a summary stands for them (summary.h)
};
[[nodiscard]] std::string_view name_of(WhenTooLong when_too_long);
[[nodiscard]] std::optional<WhenTooLong> when_too_long(std::string_view name);

// What a server of Chat Completions may take besides texts and images.
namespace file_kinds {
inline constexpr std::string_view pdf = "pdf";
inline constexpr std::string_view sound = "sound";
}  // namespace file_kinds

struct RequestSettings {
  int format = 2;
  std::string kind;  // openai, openai-responses, anthropic, demo or push
  // Who gets opaque data back (opaque_origin.h), if this agent does; else empty.
  std::string origin{};
  std::string system;
  std::vector<JsonMember> request;
  std::vector<std::string> ignored;
  bool names = true;  // send authors as `name`
  bool join = true;   // join neighbours of one role
  ReasoningBack reasoning = ReasoningBack::never;
  std::string reasoning_field = "reasoning_content";  // its member in a message
  bool prefill = false;                           // the model goes on with a last turn of its own
  std::optional<std::uint64_t> context_tokens{};  // request and answer together; none: no limit
  WhenTooLong when_too_long = WhenTooLong::refuse;
  bool summarise = false;  // this run makes a summary
  bool cache = true;       // kind anthropic: mark what the provider may keep for the next request
  std::vector<std::string> files{};  // kind openai: which of `file_kinds` the server takes
  friend bool operator==(const RequestSettings&, const RequestSettings&) = default;
};

// May a caller choose the model?
enum class ModelChoice { fixed, callers };

// Overrides the request's members with those of `params`; `null` removes a member. A caller may not
// set `messages`, `stream`, `stream_options`, `n`, and another `model` if it is fixed.
void apply_params(RequestSettings& settings, const std::optional<Json>& params, ModelChoice choice);

// The same for the parameters of a run. Its token limit takes the place of the agent's, under the
// agent's name, because a server refuses two of them.
void apply_run_params(RequestSettings& settings, const std::optional<Json>& params,
                      ModelChoice choice);

// Members that only the server sets.
[[nodiscard]] bool is_servers(std::string_view member);

// The name of a member, at any depth, that seems to hold a secret. The params of a configuration
// are not secret: `…/context` shows the request to the thread's fronts, and the log keeps it.
[[nodiscard]] std::optional<std::string> secret_in(const Json& params);

// Replaces the member or adds it at the end.
void set_member(std::vector<JsonMember>& members, std::string_view key, std::string value);
// Null if there is no such member.
[[nodiscard]] const std::string* find_member(const std::vector<JsonMember>& members,
                                             std::string_view key);

// A member that is a whole number of at least 0; nullopt if it is none, or not there.
[[nodiscard]] std::optional<std::uint64_t> whole_member(const std::vector<JsonMember>& members,
                                                        std::string_view key);

[[nodiscard]] bool takes_file(const RequestSettings& settings, std::string_view kind);

// The model in the request; nullopt if it has none.
[[nodiscard]] std::optional<std::string> model_of(const RequestSettings& settings);

[[nodiscard]] std::string settings_bytes(const RequestSettings& settings);
// `nullopt` if these are not settings, or have an unknown format.
[[nodiscard]] std::optional<RequestSettings> read_settings(std::string_view bytes);

}  // namespace lockstep
