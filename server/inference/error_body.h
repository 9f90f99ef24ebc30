// SPDX-License-Identifier: Apache-2.0
// error_body.h: finds the error in what a model server sent.
//
// There is no standard form. This reader takes those that servers behind Chat Completions use, in a
// refusal, in a whole body and in an event of a stream:
//   {"error":{"message","code","type"}}   OpenAI, Azure, Groq, DeepSeek, vLLM, llama.cpp, Ollama
//   {"error":"..."}                       LM Studio, Ollama's own protocol, many gateways
//   {"type":"error","error":{...}}        Anthropic
//   [{"error":{...}}]                     Gemini
//   {"object":"error","message",...}      Mistral, older vLLM
//   {"detail":"..."}, {"detail":[{"loc","msg"}]}   servers built on FastAPI
//   {"errors":[{"message"}]}              Cloudflare
//   {"message","code"}, {"msg"}, {"code"} gateways
// OpenRouter's `error.metadata.raw` holds the sentence of the provider behind it, and some gateways
// put the whole JSON of that provider into `message`: the sentence within counts.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "schema/json/json_document.h"

namespace lockstep {

struct ProviderError {
  std::string message;  // the provider's own sentence, valid UTF-8
  std::string code{};   // its `code`, if that is a name
  std::string type{};   // its `type`, or Gemini's `status`
  unsigned status = 0;  // its `code` or `status`, if that is an HTTP status; 0: none
  friend bool operator==(const ProviderError&, const ProviderError&) = default;
};

// How sure is the caller that this is an error? A chunk of a stream may have a `message` that is
// none; the body of a refusal has no other meaning.
enum class ErrorCertainty { chunk, refusal };

// Nothing if the value has no error.
[[nodiscard]] std::optional<ProviderError> error_in(JsonNode root, ErrorCertainty certainty);

// The error of a text that is one: JSON of a known form, or else the text itself.
[[nodiscard]] ProviderError error_of_text(std::string_view text);

}  // namespace lockstep
