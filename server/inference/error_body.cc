// SPDX-License-Identifier: Apache-2.0
#include "server/inference/error_body.h"

#include <array>
#include <utility>

#include "schema/json/json_reader.h"
#include "server/inference/limits.h"
#include "server/inference/status_codes.h"
#include "server/inference/utf8_repair.h"

namespace lockstep {
namespace {

// A member that says something: null, false, "" and {} do not.
std::optional<JsonNode> telling(JsonNode value, std::string_view name) {
  const std::optional<JsonNode> found = value.find(name);
  if (!found || found->is_null() || found->is_flag()) return {};
  if (!found->is_number() && found->text().empty() && found->size() == 0) return {};
  return found;
}

std::string string_in(JsonNode value, std::string_view name) {
  const std::optional<JsonNode> found = telling(value, name);
  return found && found->is_string() ? valid_utf8(found->text()) : std::string();
}

std::optional<JsonDocument> document_of(std::string_view text) {
  auto read = read_json(
      text, {.depth_max = limits::json_depth_max, .takes_twins = true, .takes_invalid_utf8 = true});
  if (!read) return {};
  return std::move(*read);
}

// FastAPI names the place of a bad value: `body.messages.0.name: extra fields not permitted`.
std::string place_of(JsonNode entry) {
  std::string place;
  const std::optional<JsonNode> names = telling(entry, "loc");
  if (!names) return place;
  names->each_element([&place](JsonNode name) {
    if (!place.empty()) place += '.';
    place += valid_utf8(name.text());
  });
  return place.empty() ? place : place + ": ";
}

std::string sentence_of(JsonNode value);

// The sentences of a list of errors, as FastAPI's `detail` and Cloudflare's `errors` are.
std::string sentences_of(JsonNode list) {
  std::string text;
  list.each_element([&text](JsonNode entry) {
    const std::string each = place_of(entry) + sentence_of(entry);
    if (!text.empty() && !each.empty()) text += "; ";
    text += each;
  });
  return text;
}

// A text, the text within an object, or those of a list. Recursion ends with the value's depth.
std::string sentence_of(JsonNode value) {
  if (value.is_string()) return valid_utf8(value.text());
  if (value.is_array()) return sentences_of(value);
  static constexpr std::array<std::string_view, 7> names = {
      "message", "msg", "detail", "error", "errors", "error_message", "error_description"};
  for (const std::string_view name : names) {
    if (const auto found = telling(value, name)) return sentence_of(*found);
  }
  return {};
}

void take_status(JsonNode value, ProviderError& error) {
  const std::optional<std::uint64_t> number = value.whole();
  if (number && *number >= statuses::first_error && *number <= statuses::last_error) {
    error.status = static_cast<unsigned>(*number);
  }
}

// `code`, `type` and `status` of an object that is an error.
void take_names(JsonNode value, ProviderError& error) {
  if (const auto code = telling(value, "code")) {
    take_status(*code, error);
    if (code->is_string()) error.code = valid_utf8(code->text());
  }
  if (const auto status = telling(value, "status")) {
    take_status(*status, error);
    if (status->is_string()) error.type = valid_utf8(status->text());
  }
  const std::string type = string_in(value, "type");
  if (!type.empty() && type != "error") error.type = type;
}

// An error within the message: JSON of the provider behind a gateway. Each layer escapes the one
// within, so a text has few of them.
void unwrap(ProviderError& error) {
  if (!error.message.starts_with('{') && !error.message.starts_with('[')) return;
  const std::optional<JsonDocument> document = document_of(error.message);
  if (!document) return;
  std::optional<ProviderError> inner = error_in(document->root(), ErrorCertainty::refusal);
  if (!inner) return;
  error.message = std::move(inner->message);
  if (!inner->code.empty()) error.code = std::move(inner->code);
  if (!inner->type.empty()) error.type = std::move(inner->type);
  if (inner->status != 0) error.status = inner->status;
}

// OpenRouter: `message` is "Provider returned error", and the provider's own words are in `raw`.
void take_raw(JsonNode value, ProviderError& error) {
  const std::optional<JsonNode> metadata = telling(value, "metadata");
  if (!metadata) return;
  const std::optional<JsonNode> raw = telling(*metadata, "raw");
  if (!raw) return;
  ProviderError inner;
  inner.message = raw->is_string() ? valid_utf8(raw->text()) : to_json(*raw);
  unwrap(inner);
  error.message += (error.message.empty() ? "" : ": ") + inner.message;
  if (error.code.empty()) error.code = inner.code;
  if (error.type.empty()) error.type = inner.type;
}

ProviderError error_of(JsonNode value) {
  ProviderError error;
  error.message = sentence_of(value);
  if (value.is_object()) take_names(value, error);
  unwrap(error);
  if (value.is_object()) take_raw(value, error);
  if (error.message.empty()) error.message = valid_utf8(to_json(value));
  return error;
}

// Does an object without `error` and `detail` say that it is an error?
bool is_error(JsonNode root, ErrorCertainty certainty) {
  // A refusal that is only a name: `{"code":"insufficient_quota"}`.
  if (certainty == ErrorCertainty::refusal && !string_in(root, "code").empty()) return true;
  if (!telling(root, "message") && !telling(root, "msg") && !telling(root, "errors")) return false;
  if (certainty == ErrorCertainty::refusal) return !sentence_of(root).empty();
  ProviderError error;
  take_names(root, error);
  return error.status != 0 || string_in(root, "object") == "error" ||
         string_in(root, "type") == "error" || string_in(root, "status") == "error" ||
         telling(root, "errors");
}

}  // namespace

std::optional<ProviderError> error_in(JsonNode root, ErrorCertainty certainty) {
  if (root.is_array()) {
    std::optional<ProviderError> first;
    root.each_element([&](JsonNode each) {
      if (!first && each.is_object()) first = error_in(each, certainty);
    });
    return first;
  }
  if (!root.is_object()) return {};
  if (const auto error = telling(root, "error")) {
    ProviderError found = error_of(*error);
    // Spring's form: `error` is the name of the status, and `message` the sentence.
    const std::string message = error->is_string() ? string_in(root, "message") : std::string();
    if (!message.empty()) found.message = message;
    if (error->is_string()) take_names(root, found);
    return found;
  }
  if (root.find("choices")) return {};
  if (telling(root, "detail") || is_error(root, certainty)) return error_of(root);
  return {};
}

ProviderError error_of_text(std::string_view text) {
  const std::string certain = surrogates_as_bytes(text);
  if (const std::optional<JsonDocument> document = document_of(certain)) {
    if (auto found = error_in(document->root(), ErrorCertainty::refusal)) return *std::move(found);
    if (document->root().is_string()) return {.message = valid_utf8(document->root().text())};
  }
  return {.message = valid_utf8(text)};
}

}  // namespace lockstep
