// SPDX-License-Identifier: Apache-2.0
#include "engine/rules/message.h"

#include <utility>

namespace lockstep {

std::string_view name_of(Role role) {
  switch (role) {
    case Role::system:
      return "system";
    case Role::user:
      return "user";
    case Role::assistant:
      return "assistant";
    case Role::tool:
      return "tool";
  }
  std::unreachable();
}

std::string_view name_of(CallStatus status) {
  switch (status) {
    case CallStatus::needs_approval:
      return "needs_approval";
    case CallStatus::approved:
      return "approved";
    case CallStatus::denied:
      return "denied";
    case CallStatus::running:
      return "running";
  }
  std::unreachable();
}

std::string* growing_text(Part& part) {
  if (auto* text = std::get_if<TextPart>(&part)) return &text->text;
  if (auto* reasoning = std::get_if<ReasoningPart>(&part)) return &reasoning->text;
  if (auto* call = std::get_if<ToolCallPart>(&part)) return &call->arguments;
  return nullptr;
}

const std::string* growing_text(const Part& part) {
  if (const auto* text = std::get_if<TextPart>(&part)) return &text->text;
  if (const auto* reasoning = std::get_if<ReasoningPart>(&part)) return &reasoning->text;
  if (const auto* call = std::get_if<ToolCallPart>(&part)) return &call->arguments;
  return nullptr;
}

}  // namespace lockstep
