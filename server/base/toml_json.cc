// SPDX-License-Identifier: Apache-2.0
#include "server/base/toml_json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "schema/json/json_text.h"
#include "server/base/limits.h"

namespace lockstep {
namespace {

// The shortest text that reads back as the same number.
std::string text_of(double number) {
  constexpr std::size_t longest = 32;  // of a double: 24
  std::array<char, longest> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  std::string text(digits.data(), end);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

class Writer {
 public:
  std::expected<std::string, TomlFault> write(const toml::node& node, const std::string& path) {
    add(node, path, 0);
    if (fault_) return std::unexpected(std::move(*fault_));
    return std::move(out_);
  }

 private:
  // NOLINTNEXTLINE(misc-no-recursion): the depth has a limit.
  void add(const toml::node& node, const std::string& path, std::size_t depth) {
    if (fault_) return;
    if (depth > limits::config_depth_max) {
      fault_ = {&node, path, "is nested too deeply: use at most 64 levels"};
    } else if (const toml::table* table = node.as_table()) {
      add_table(*table, path, depth);
    } else if (const toml::array* array = node.as_array()) {
      add_array(*array, path, depth);
    } else {
      add_value(node, path);
    }
  }

  // NOLINTNEXTLINE(misc-no-recursion): the depth has a limit.
  void add_table(const toml::table& table, const std::string& path, std::size_t depth) {
    std::vector<std::pair<std::string, const toml::node*>> members;
    for (const auto& [key, value] : table) members.emplace_back(key.str(), &value);
    std::ranges::sort(members, {}, [](const auto& member) {
      const auto& begin = member.second->source().begin;
      return std::tuple(begin.line, begin.column, std::string_view(member.first));
    });
    out_ += '{';
    bool first = true;
    for (const auto& [key, value] : members) {
      if (!std::exchange(first, false)) out_ += ',';
      append_text(out_, key);
      out_ += ':';
      add(*value, path + "." + key, depth + 1);
    }
    out_ += '}';
  }

  // NOLINTNEXTLINE(misc-no-recursion): the depth has a limit.
  void add_array(const toml::array& array, const std::string& path, std::size_t depth) {
    out_ += '[';
    for (std::size_t at = 0; at < array.size(); ++at) {
      if (at > 0) out_ += ',';
      add(array[at], path + "[" + std::to_string(at) + "]", depth + 1);
    }
    out_ += ']';
  }

  void add_value(const toml::node& node, const std::string& path) {
    if (const auto text = node.value_exact<std::string>()) return append_text(out_, *text);
    if (const auto flag = node.value_exact<bool>()) {
      out_ += *flag ? "true" : "false";
    } else if (const auto whole = node.value_exact<std::int64_t>()) {
      out_ += std::to_string(*whole);
    } else if (const auto real = node.value_exact<double>(); real && std::isfinite(*real)) {
      out_ += text_of(*real);
    } else if (real) {
      fault_ = {&node, path, "has no form in JSON: use a number"};
    } else {
      fault_ = {&node, path, "is a date or a time, which JSON does not have: write it as a text"};
    }
  }

  std::string out_;
  std::optional<TomlFault> fault_;
};

}  // namespace

std::expected<std::string, TomlFault> json_of(const toml::node& node, const std::string& path) {
  return Writer().write(node, path);
}

}  // namespace lockstep
