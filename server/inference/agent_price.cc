// SPDX-License-Identifier: Apache-2.0
#include "server/inference/agent_price.h"

#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

#include "schema/json/json_reader.h"
#include "server/inference/limits.h"

namespace lockstep {
namespace {

constexpr double price_max = 1e9;
constexpr std::size_t currency_bytes_max = 32;

std::optional<double> amount_of(JsonNode node) {
  if (!node.is_number()) return {};
  const std::string_view text = node.text();
  double amount = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), amount);
  const bool read = error == std::errc() && end == text.data() + text.size();
  return read && amount >= 0 && amount <= price_max ? std::optional(amount) : std::nullopt;
}

std::string text_of(double amount) {
  std::array<char, 32> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), amount);
  return error == std::errc() ? std::string(text.data(), end) : std::string("?");
}

std::string take_member(std::string_view name, JsonNode value, TokenPrice& price) {
  if (name == "currency") {
    if (!value.is_string() || value.text().empty() || value.text().size() > currency_bytes_max) {
      return "has a `currency` that is no text of 1 to 32 bytes";
    }
    price.currency = value.text();
    return {};
  }
  const auto amount = amount_of(value);
  if (name != "input" && name != "output" && name != "cached_input") {
    return "has `" + std::string(name) + "`: it takes input, output, cached_input and currency";
  }
  if (!amount) return "has a `" + std::string(name) + "` that is no number of at least 0";
  if (name == "input") price.input = *amount;
  if (name == "output") price.output = *amount;
  if (name == "cached_input") price.cached_input = *amount;
  return {};
}

}  // namespace

std::string take_price(const AgentFields::mapped_type& field, std::optional<TokenPrice>& to) {
  constexpr const char* form =
      "must be a table with input, output and currency, and cached_input if a cache is cheaper";
  const auto* json = std::get_if<Json>(&field);
  if (!json) return form;
  const auto document = read_json(json->text, unbounded_json(limits::json_depth_max));
  if (!document || !document->root().is_object()) return form;
  TokenPrice price;
  std::string complaint;
  document->root().each_member([&](std::string_view name, JsonNode value) {
    if (complaint.empty()) complaint = take_member(name, value, price);
  });
  if (!complaint.empty()) return complaint;
  for (const char* const needed : {"input", "output", "currency"}) {
    if (!document->root().find(needed)) return form;
  }
  to = std::move(price);
  return {};
}

std::string price_text(const TokenPrice& price) {
  std::string text = text_of(price.input) + " in, " + text_of(price.output) + " out, ";
  if (price.cached_input) text += text_of(*price.cached_input) + " cached, ";
  return text + price.currency + " for a million tokens";
}

}  // namespace lockstep
