// SPDX-License-Identifier: Apache-2.0
#include "schema/json/json_document.h"

#include <charconv>

#include "schema/json/json_text.h"

namespace lockstep {
namespace {

template <class Integer>
std::optional<Integer> integer_of(std::string_view digits) {
  Integer value = 0;
  const char* end = digits.data() + digits.size();
  const auto [stopped, error] = std::from_chars(digits.data(), end, value);
  if (digits.empty() || error != std::errc() || stopped != end) return std::nullopt;
  return value;
}

}  // namespace

JsonKind JsonNode::kind() const {
  return document_ == nullptr ? JsonKind::null : document_->nodes_[at_].kind;
}

std::string_view JsonNode::text() const {
  if (!is_string() && !is_number()) return {};
  return document_->text_of(document_->nodes_[at_]);
}

std::size_t JsonNode::size() const {
  return is_array() || is_object() ? document_->nodes_[at_].size : 0;
}

std::optional<std::int64_t> JsonNode::integer() const {
  return is_number() ? integer_of<std::int64_t>(text()) : std::nullopt;
}

std::optional<std::uint64_t> JsonNode::whole() const {
  return is_number() ? integer_of<std::uint64_t>(text()) : std::nullopt;
}

std::optional<JsonNode> JsonNode::find(std::string_view name) const {
  std::optional<JsonNode> found;
  each_member([&found, name](std::string_view each, JsonNode value) {
    if (each == name) found = value;
  });
  return found;
}

void append_json(std::string& out, JsonNode node) {
  const auto separate = [&out] {
    if (out.back() != '[' && out.back() != '{') out += ',';
  };
  switch (node.kind()) {
    case JsonKind::null:
      out += "null";
      break;
    case JsonKind::truth:
      out += "true";
      break;
    case JsonKind::lie:
      out += "false";
      break;
    case JsonKind::number:
      out += node.text();
      break;
    case JsonKind::string:
      append_text(out, node.text());
      break;
    case JsonKind::array:
      out += '[';
      node.each_element([&](JsonNode element) {
        separate();
        append_json(out, element);
      });
      out += ']';
      break;
    case JsonKind::object:
      out += '{';
      node.each_member([&](std::string_view name, JsonNode value) {
        separate();
        append_text(out, name);
        out += ':';
        append_json(out, value);
      });
      out += '}';
      break;
  }
}

std::string to_json(JsonNode node) {
  std::string out;
  append_json(out, node);
  return out;
}

}  // namespace lockstep
