// SPDX-License-Identifier: Apache-2.0
// limited.h: paths and settings with a limited context for a test, and what is sent of them.
#pragma once

#include <algorithm>
#include <boost/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "server/inference/compose.h"
#include "server/inference/settings.h"

namespace lockstep {

inline RequestSettings limited(std::uint64_t tokens, WhenTooLong when = WhenTooLong::drop_oldest) {
  RequestSettings settings;
  settings.kind = "openai";
  settings.request = {{"model", "\"m\""}, {"max_tokens", "10"}};
  settings.context_tokens = tokens;
  settings.when_too_long = when;
  return settings;
}

// A message that is created at the moment of its number.
inline Message message(int number, Role role, std::vector<Part> parts) {
  Message message;
  message.id = MessageId("m" + std::to_string(number));
  message.role = role;
  message.parts = std::move(parts);
  message.created = Timestamp(static_cast<std::uint64_t>(number));
  message.updated = message.created;
  if (role == Role::assistant) message.run = RunId("r");
  return message;
}

inline std::string words(std::size_t bytes) { return std::string(bytes, 'x'); }

inline Context context(std::vector<Message> path, const RequestSettings& settings) {
  return {.thread = {UserId("u"), ThreadId("t")},
          .run = RunId("r"),
          .path = std::move(path),
          .unanswered = {},
          .settings = settings_bytes(settings)};
}

inline Sent compose(std::vector<Message> path, const RequestSettings& settings) {
  return sent_from_settings(context(std::move(path), settings));
}

inline std::vector<std::string> ids_of(const Sent& sent, const std::string& kind) {
  const auto found = std::ranges::find(sent.repairs, kind, &Repair::kind);
  return found == sent.repairs.end() ? std::vector<std::string>() : found->ids;
}

// The roles of the request's messages, by their first letters.
inline std::string roles_of(const Sent& sent) {
  std::string roles;
  const boost::json::value body = boost::json::parse(sent.body);
  for (const boost::json::value& each : body.at("messages").as_array()) {
    roles += each.at("role").as_string()[0];
  }
  return roles;
}

inline std::string detail_of(const Sent& sent) { return sent.refusal ? sent.refusal->detail : ""; }

inline Json usage(int tokens) { return {R"({"prompt_tokens":)" + std::to_string(tokens) + "}"}; }

}  // namespace lockstep
