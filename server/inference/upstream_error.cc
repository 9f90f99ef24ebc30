// SPDX-License-Identifier: Apache-2.0
#include "server/inference/upstream_error.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/ascii.h"
#include "server/inference/status_codes.h"

namespace lockstep {
namespace {

// A name counts in `code` and `type`, a sentence anywhere in the message; both in small letters.
struct Sign {
  enum class Where : std::uint8_t { name, sentence };
  Where where;
  std::string_view text;
  Code code;
};

constexpr auto name = Sign::Where::name;
constexpr auto sentence = Sign::Where::sentence;

// Who writes it stands behind each line. The first sign that fits counts.
constexpr std::array signs{
    Sign{name, "context_length_exceeded", codes::context_too_long},    // OpenAI, Azure, Groq
    Sign{name, "exceed_context_size_error", codes::context_too_long},  // llama.cpp
    Sign{name, "context_exceeded", codes::context_too_long},           // small local servers
    Sign{name, "string_above_max_length", codes::context_too_long},    // OpenAI: one huge message
    Sign{name, "insufficient_quota", codes::no_credit},                // OpenAI, with status 429
    Sign{name, "billing_hard_limit_reached", codes::no_credit},        // OpenAI
    Sign{name, "billing_not_active", codes::no_credit},                // OpenAI
    Sign{name, "billing_error", codes::no_credit},                     // Anthropic
    Sign{name, "exceeded_current_quota_error", codes::no_credit},      // Moonshot
    Sign{name, "invalid_api_key", codes::bad_key},                     // OpenAI, Groq
    Sign{name, "api_key_invalid", codes::bad_key},                     // Gemini
    Sign{name, "incorrect_api_key_error", codes::bad_key},             // Moonshot
    Sign{name, "invalid_authentication_error", codes::bad_key},        // Moonshot
    Sign{name, "authentication_error", codes::bad_key},          // Anthropic, DeepSeek, llama.cpp
    Sign{name, "model_not_found", codes::wrong_model},           // OpenAI, Groq, LM Studio
    Sign{name, "deploymentnotfound", codes::wrong_model},        // Azure
    Sign{name, "invalid_model", codes::wrong_model},             // Mistral
    Sign{name, "model_decommissioned", codes::wrong_model},      // Groq
    Sign{name, "overloaded_error", codes::upstream_overloaded},  // Anthropic
    Sign{name, "engine_overloaded_error", codes::upstream_overloaded},  // Moonshot, with 429
    Sign{name, "capacity_exceeded", codes::upstream_overloaded},        // Groq
    Sign{name, "over_capacity", codes::upstream_overloaded},            // gateways
    Sign{name, "server_overloaded", codes::upstream_overloaded},        // gateways
    Sign{name, "server_is_overloaded", codes::upstream_overloaded},     // OpenAI Responses
    Sign{name, "slow_down", codes::upstream_overloaded},                // OpenAI Responses
    Sign{name, "content_filter", codes::content_filter},                // Azure
    Sign{name, "content_policy_violation", codes::content_filter},      // OpenAI
    Sign{name, "responsibleaipolicyviolation", codes::content_filter},  // Azure
    Sign{name, "data_inspection_failed", codes::content_filter},        // Alibaba

    Sign{sentence, "maximum context length", codes::context_too_long},  // OpenAI, vLLM, Mistral
    Sign{sentence, "exceeds the available context size", codes::context_too_long},  // llama.cpp
    Sign{sentence, "context size has been exceeded", codes::context_too_long},      // llama.cpp
    Sign{sentence, "exceed context window", codes::context_too_long},        // llama-cpp-python
    Sign{sentence, "exceeds the context window", codes::context_too_long},   // OpenAI, gateways
    Sign{sentence, "exceeds the context length", codes::context_too_long},   // Ollama
    Sign{sentence, "exceeded max context length", codes::context_too_long},  // Ollama
    Sign{sentence, "model is loaded with context length", codes::context_too_long},  // LM Studio
    Sign{sentence, "prompt is too long", codes::context_too_long},                   // Anthropic
    Sign{sentence, "input token count", codes::context_too_long},                    // Gemini
    Sign{sentence, "maximum prompt length is", codes::context_too_long},             // xAI
    Sign{sentence, "context shift is disabled", codes::context_too_long},            // llama.cpp
    Sign{sentence, "contextwindowexceedederror", codes::context_too_long},           // LiteLLM
    Sign{sentence, "credit balance is too low", codes::no_credit},                   // Anthropic
    Sign{sentence, "insufficient balance", codes::no_credit},    // DeepSeek, also with status 400
    Sign{sentence, "insufficient credits", codes::no_credit},    // OpenRouter
    Sign{sentence, "requires more credits", codes::no_credit},   // OpenRouter
    Sign{sentence, "api key not valid", codes::bad_key},         // Gemini, with status 400
    Sign{sentence, "incorrect api key", codes::bad_key},         // OpenAI, xAI, with status 400
    Sign{sentence, "invalid api key", codes::bad_key},           // Groq, llama.cpp
    Sign{sentence, "invalid x-api-key", codes::bad_key},         // Anthropic
    Sign{sentence, "invalid subscription key", codes::bad_key},  // Azure
    Sign{sentence, "is not a valid model id", codes::wrong_model},           // OpenRouter
    Sign{sentence, "model not exist", codes::wrong_model},                   // DeepSeek
    Sign{sentence, "no models loaded", codes::wrong_model},                  // LM Studio
    Sign{sentence, "try pulling it first", codes::wrong_model},              // Ollama
    Sign{sentence, "model is overloaded", codes::upstream_overloaded},       // Gemini
    Sign{sentence, "currently overloaded", codes::upstream_overloaded},      // OpenAI
    Sign{sentence, "server overloaded", codes::upstream_overloaded},         // DeepSeek
    Sign{sentence, "experiencing high demand", codes::upstream_overloaded},  // Gemini
    Sign{sentence, "currently over capacity", codes::upstream_overloaded},   // Groq
    Sign{sentence, "content management policy", codes::content_filter},      // Azure
    Sign{sentence, "violating our usage policy", codes::content_filter},     // OpenAI Responses
};

// Words that mean a reason only together with a status.
struct StatusSign {
  unsigned status;
  std::string_view word;  // empty: the status is enough
  Code code;
};

constexpr std::array status_signs{
    StatusSign{statuses::payment_required, "", codes::no_credit},  // DeepSeek, OpenRouter
    StatusSign{statuses::unauthorized, "key", codes::bad_key},
    StatusSign{statuses::unauthorized, "token", codes::bad_key},       // Hugging Face
    StatusSign{statuses::unauthorized, "credential", codes::bad_key},  // gateways
    StatusSign{statuses::unauthorized, "user not found",
               codes::bad_key},  // OpenRouter: a key of nobody
    StatusSign{statuses::forbidden, "api key", codes::bad_key},
    StatusSign{statuses::not_found, "model",
               codes::wrong_model},  // vLLM, Ollama, Gemini, Anthropic
    StatusSign{statuses::bad_request, "invalid model", codes::wrong_model},  // Mistral
    StatusSign{statuses::bad_request, "model not found", codes::wrong_model},
    StatusSign{statuses::capacity_exceeded, "", codes::upstream_overloaded},
    StatusSign{statuses::site_overloaded, "", codes::upstream_overloaded},
    StatusSign{statuses::service_unavailable, "overload", codes::upstream_overloaded},
    StatusSign{statuses::service_unavailable, "capacity", codes::upstream_overloaded},
    StatusSign{statuses::service_unavailable, "busy", codes::upstream_overloaded},
    StatusSign{statuses::service_unavailable, "slow down", codes::upstream_overloaded},  // OpenAI
};

std::optional<Code> reason_of(unsigned status, const ProviderError& error) {
  const std::string code = ascii_lower(error.code);
  const std::string type = ascii_lower(error.type);
  const std::string message = ascii_lower(error.message);
  const auto* sign = std::ranges::find_if(signs, [&](const Sign& each) {
    return each.where == name ? each.text == code || each.text == type
                              : message.contains(each.text);
  });
  if (sign != signs.end()) return sign->code;
  if (message.starts_with('<')) return {};  // a page of a proxy: its words mean nothing
  const auto* by_status = std::ranges::find_if(status_signs, [&](const StatusSign& each) {
    return each.status == status && message.contains(each.word);
  });
  if (by_status != status_signs.end()) return by_status->code;
  return {};
}

Code code_of_status(unsigned status) {
  if (status == statuses::unauthorized || status == statuses::forbidden)
    return codes::upstream_unauthorized;
  if (status == statuses::proxy_wants_login) return codes::upstream_proxy;
  if (status == statuses::too_many_requests) return codes::upstream_rate_limited;
  switch (status / statuses::of_class) {
    case 3:
      return codes::upstream_redirected;
    case 4:
      return codes::upstream_rejected;
    case 5:
      return codes::upstream_failed;
    default:
      return codes::upstream_malformed;
  }
}

}  // namespace

Code code_of_refusal(unsigned status, const ProviderError& error) {
  if (const auto reason = reason_of(status, error)) return *reason;
  // Groq says in a 413 that the request alone exceeds the tokens of a minute.
  if (ascii_lower(error.code) == "rate_limit_exceeded") return codes::upstream_rate_limited;
  return code_of_status(status);
}

Code code_of_stream_error(const ProviderError& error) {
  return reason_of(error.status, error).value_or(codes::upstream_error);
}

bool may_pass_by_itself(unsigned status, std::string_view code) {
  static constexpr std::array<Code, 5> lasting = {codes::context_too_long, codes::no_credit,
                                                  codes::bad_key, codes::wrong_model,
                                                  codes::content_filter};
  if (std::ranges::any_of(lasting, [code](Code each) { return code == each; })) return false;
  return status == statuses::request_timeout || status == statuses::too_many_requests ||
         status == statuses::capacity_exceeded || status / statuses::of_class == 5;
}

}  // namespace lockstep
