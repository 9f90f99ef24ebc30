// SPDX-License-Identifier: Apache-2.0
// provider_rules.h: what some providers of Chat Completions publish about earlier reasoning and
// files.
//
// Most providers refuse a member that they do not know, and none needs reasoning back, except:
//   DeepSeek    thinking mode: "must be passed back" in each assistant's message with calls
//   Moonshot    Kimi's thinking models: the same
//   OpenRouter  takes `reasoning` back for the models behind it, some of which need it
// Their documentation names the members.
//
// Servers refuse a piece of content that they do not know, so only images go to all of them. PDFs
// go to OpenAI and OpenRouter, which read them for every model, and sound to Gemini, whose models
// all hear. The settings of an agent overrule both.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/inference/settings.h"

namespace lockstep {

struct ReasoningRule {
  ReasoningBack back = ReasoningBack::never;
  std::string field = "reasoning_content";
};
// For the host of an agent's `base_url`; empty for agents without one.
[[nodiscard]] ReasoningRule reasoning_rule(std::string_view host);

// Which of `file_kinds` (settings.h) the host takes.
[[nodiscard]] std::vector<std::string> files_rule(std::string_view host);

}  // namespace lockstep
