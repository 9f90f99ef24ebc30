// SPDX-License-Identifier: Apache-2.0
// config_file.cc: reads the settings from their file.
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <expected>
#include <sstream>

#include "server/base/config_parts.h"
#include "server/base/toml_json.h"

namespace lockstep {
namespace {

// The value as the text of a flag; nullopt for a table.
std::optional<std::string> text_of(const toml::node& node) {
  if (const auto text = node.value_exact<std::string>()) return text;
  if (const auto flag = node.value_exact<bool>()) return *flag ? "true" : "false";
  if (const auto integer = node.value_exact<std::int64_t>()) return std::to_string(*integer);
  if (const auto number = node.value_exact<double>()) return std::to_string(*number);
  const toml::array* array = node.as_array();
  if (array == nullptr) return std::nullopt;
  std::string joined;
  for (const toml::node& each : *array) {
    const auto text = each.value_exact<std::string>();
    if (!text) return std::nullopt;
    joined += (joined.empty() ? "" : ",") + *text;
  }
  return joined;
}

// A table of texts alone; `headers` and its like take no other values.
std::optional<std::map<std::string, std::string>> texts_of(const toml::node& node) {
  const toml::table* table = node.as_table();
  if (table == nullptr) return std::nullopt;
  std::map<std::string, std::string> texts;
  for (const auto& [key, value] : *table) {
    const auto text = value.value_exact<std::string>();
    if (!text) return std::nullopt;
    texts.emplace(key.str(), *text);
  }
  return texts;
}

std::expected<AgentField, TomlFault> field_of(const toml::node& node, const std::string& path) {
  if (const auto text = node.value_exact<std::string>()) return *text;
  if (const auto flag = node.value_exact<bool>()) return *flag;
  if (const auto integer = node.value_exact<std::int64_t>()) return *integer;
  if (const auto number = node.value_exact<double>()) return *number;
  if (auto texts = texts_of(node)) return *std::move(texts);
  auto json = json_of(node, path);
  if (!json) return std::unexpected(std::move(json.error()));
  return Json{*std::move(json)};
}

// Reads the file's text. An error has the file, the line and the path of the setting.
class ConfigFile {
 public:
  ConfigFile(Config& config, const std::string& source) : config_(config), source_(source) {}

  Result<void> read(std::string_view text) {
    try {
      return read_root(toml::parse(text, source_));
    } catch (const toml::parse_error& error) {
      return invalid_setting(place(error.source()) + ":", std::string(error.description()));
    }
  }

 private:
  [[nodiscard]] std::string place(const toml::source_region& region) const {
    return source_ + " line " + std::to_string(region.begin.line);
  }
  [[nodiscard]] std::string where(const toml::node& node, const std::string& path) const {
    return place(node.source()) + ": " + path;
  }

  Result<void> read_root(const toml::table& root) {
    constexpr std::array<std::string_view, 9> known{"data",     "trusted_proxies",  "listen",
                                                    "tokens",   "origins",          "log_level",
                                                    "log_json", "share_with_group", "memory"};
    for (const auto& [key, value] : root) {
      const std::string name(key.str());
      Result<void> read;
      if (name == "agents") {
        read = read_agents(value);
      } else if (name == "limits") {
        read = read_limits(value);
      } else if (std::ranges::find(known, name) == known.end()) {
        read = invalid_setting(where(value, name), "is not a known setting: check its name");
      } else {
        read = read_field(name, where(value, name), value);
      }
      if (!read) return read;
    }
    return {};
  }

  Result<void> read_agents(const toml::node& node) {
    const toml::table* agents = node.as_table();
    if (agents == nullptr) return invalid_setting(where(node, "agents"), "must be a table");
    for (const auto& [name, value] : *agents) {
      if (auto read = read_agent(std::string(name.str()), value); !read) return read;
    }
    return {};
  }

  Result<void> read_agent(const std::string& name, const toml::node& node) {
    const std::string path = "agents." + name;
    AgentTable agent{name, {}, where(node, path), {}};
    const toml::table* table = node.as_table();
    if (table == nullptr) return invalid_setting(agent.where, "must be a table");
    for (const auto& [key, value] : *table) {
      const std::string field_name(key.str());
      const std::string place = where(value, path + "." + field_name);
      auto field = field_of(value, path + "." + field_name);
      if (!field) {
        const TomlFault& fault = field.error();
        return invalid_setting(where(*fault.node, fault.path), fault.what);
      }
      agent.places.emplace(field_name, place);
      agent.fields.emplace(field_name, std::move(*field));
    }
    config_.agents.push_back(std::move(agent));
    return {};
  }

  Result<void> read_field(const std::string& name, const std::string& where,
                          const toml::node& node) {
    const auto text = text_of(node);
    const Wrong wrong =
        text ? set_setting(config_, name, *text) : Wrong("has a value of the wrong type");
    if (wrong) return invalid_setting(where, *wrong);
    return {};
  }

  Result<void> read_limits(const toml::node& node) {
    const toml::table* table = node.as_table();
    if (table == nullptr) return invalid_setting(where(node, "limits"), "must be a table");
    constexpr std::array<std::string_view, 9> known{"requests_per_second",
                                                    "requests_burst",
                                                    "connections_per_address",
                                                    "loopback",
                                                    "requests_per_second_per_user",
                                                    "requests_burst_per_user",
                                                    "open_per_user",
                                                    "bytes_per_user",
                                                    "blob_bytes_per_user"};
    for (const auto& [key, value] : *table) {
      const std::string name(key.str());
      const std::string place = where(value, "limits." + name);
      if (std::ranges::find(known, name) == known.end())
        return invalid_setting(place, "is not a known setting: check its name");
      const Result<void> read =
          read_field(name == "loopback" ? "limit_loopback" : name, place, value);
      if (!read) return read;
    }
    return {};
  }

  Config& config_;
  const std::string& source_;
};

}  // namespace

Result<void> read_config_file(Config& config, std::string_view text, const std::string& source) {
  return ConfigFile(config, source).read(text);
}

}  // namespace lockstep
