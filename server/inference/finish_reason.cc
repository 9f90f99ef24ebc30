// SPDX-License-Identifier: Apache-2.0
#include "server/inference/finish_reason.h"

#include <algorithm>
#include <array>

#include "engine/base/ascii.h"

namespace lockstep {
namespace {

struct Row {
  std::string_view reason;  // in small letters: Gemini's and others' are in capitals
  FinishMeaning meaning;
};

constexpr FinishMeaning length{.cut_by_length = true, .failure = {}};

constexpr FinishMeaning failure(Code code) { return {.cut_by_length = false, .failure = code}; }

constexpr std::array rows{
    // The model would have gone on: the text is good as far as it goes.
    Row{"length", length}, Row{"max_tokens", length},  // Anthropic, Gemini
    Row{"max_output_tokens", length},                  // OpenAI Responses, behind gateways
    Row{"model_length", length},                       // Mistral: the context is full
    Row{"model_context_window_exceeded", length},      // Anthropic
    // A filter took the answer away: asking again in the same words gives the same.
    Row{"content_filter", failure(codes::content_filter)},
    Row{"content_filtered", failure(codes::content_filter)},      // Bedrock
    Row{"guardrail_intervened", failure(codes::content_filter)},  // Bedrock
    Row{"safety", failure(codes::content_filter)},                // Gemini
    Row{"image_safety", failure(codes::content_filter)},          // Gemini
    Row{"recitation", failure(codes::content_filter)},          // Gemini: too near to a known text
    Row{"prohibited_content", failure(codes::content_filter)},  // Gemini
    Row{"blocklist", failure(codes::content_filter)},           // Gemini
    Row{"spii", failure(codes::content_filter)},                // Gemini: personal data
    Row{"sensitive", failure(codes::content_filter)},           // Zhipu
    Row{"refusal", failure(codes::content_filter)},  // Anthropic: a classifier stopped the stream
    // The server gave up in the middle.
    Row{"error", failure(codes::upstream_error)},          // OpenRouter
    Row{"abort", failure(codes::upstream_error)},          // vLLM: it dropped the request
    Row{"network_error", failure(codes::upstream_error)},  // Zhipu
    Row{"insufficient_system_resource", failure(codes::upstream_overloaded)},  // DeepSeek
    // The model wrote a call that its server can't read, so the call is not in the answer.
    Row{"malformed_function_call", failure(codes::upstream_error)},  // Gemini
    Row{"unexpected_tool_call", failure(codes::upstream_error)},     // Gemini
};

}  // namespace

FinishMeaning meaning_of(std::string_view reason) {
  const auto* row = std::ranges::find(rows, ascii_lower(reason), &Row::reason);
  return row == rows.end() ? FinishMeaning() : row->meaning;
}

std::string finish_reason_of(std::string_view text) {
  // Servers that write null as text, in the words of their languages.
  static constexpr std::array<std::string_view, 2> none = {"null", "none"};
  if (std::ranges::find(none, ascii_lower(text)) != none.end()) return {};
  return std::string(text);
}

}  // namespace lockstep
