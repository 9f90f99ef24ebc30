// SPDX-License-Identifier: Apache-2.0
#include "server/base/config.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>
#include <system_error>

#include "engine/base/codes.h"
#include "server/base/config_parts.h"
#include "server/base/limits.h"
#include "server/base/origins.h"

namespace lockstep {
namespace {

constexpr std::array all_settings{
    Setting{"data", "", "the folder of the store"},
    Setting{"listen", "127.0.0.1:7717", "HOST:PORT to listen on; port 0: any free port"},
    Setting{"tokens", "", "the token file; without it: one user, loopback only"},
    Setting{"origins", "", "origins of web pages that may use the server, separated by commas"},
    Setting{"log_level", "info", "error, info or debug"},
    Setting{"log_json", "false", "true: log lines are JSON"},
    Setting{"share_with_group", "false", "true: the group of the store's folder may read it"},
    Setting{"memory", "512MiB", "the most memory to use: 512MiB, 2GiB"},
    Setting{"requests_per_second", "200", "requests of one address in a second; 0: no limit"},
    Setting{"requests_burst", "1000", "requests of one address at once"},
    Setting{"connections_per_address", "1024", "connections of one address at the same time"},
    Setting{"limit_loopback", "false", "true: the limits apply to this machine too"},
    Setting{"trusted_proxies", "", "addresses or ranges (10.0.0.0/8) of proxies to trust"},
    Setting{"requests_per_second_per_user", "1000",
            "requests of one user in a second; 0: no limit"},
    Setting{"requests_burst_per_user", "5000", "requests of one user at once"},
    Setting{"open_per_user", "4096", "open requests and streams of one user; 0: no limit"},
    Setting{"bytes_per_user", "67108864", "bytes in one user's unanswered requests; 0: no limit"},
    Setting{"blob_bytes_per_user", "1GiB", "the most disk for the attachments of one user: 1GiB"},
};

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find(','));
    if (!part.empty()) parts.emplace_back(part);
    text.remove_prefix(std::min(text.size(), part.size() + 1));
  }
  return parts;
}

template <class Number>
Wrong read_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size() && number >= 0) return std::nullopt;
  return "must be a number, 0 or more";
}

Wrong read_flag(std::string_view text, bool& flag) {
  flag = text == "true";
  if (flag || text == "false") return std::nullopt;
  return "must be true or false";
}

// `512MiB`, or bytes without a unit.
Wrong read_size(std::string_view text, std::size_t& bytes) {
  constexpr std::array<std::pair<std::string_view, unsigned>, 3> units{
      {{"KiB", 10}, {"MiB", 20}, {"GiB", 30}}};
  unsigned shift = 0;
  for (const auto& [unit, bits] : units) {
    if (!text.ends_with(unit)) continue;
    text.remove_suffix(unit.size());
    shift = bits;
  }
  std::size_t number = 0;
  if (read_number(text, number) || number > (std::numeric_limits<std::size_t>::max() >> shift)) {
    return "must be a size: a number of bytes, or one with KiB, MiB or GiB";
  }
  bytes = number << shift;
  return std::nullopt;
}

Wrong read_memory(std::string_view text, std::size_t& bytes) {
  if (const Wrong wrong = read_size(text, bytes)) return wrong;
  if (bytes >= limits::memory_bytes_min) return std::nullopt;
  return "must be at least " + std::to_string(limits::memory_bytes_min >> 20) + "MiB";
}

Wrong read_listen(const std::string& text, Config& config) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return "must be HOST:PORT";
  if (read_number(std::string_view(text).substr(colon + 1), config.port)) {
    return "must end with a port, 0 to 65535";
  }
  config.host = text.substr(0, colon);
  if (config.host.starts_with('[') && config.host.ends_with(']')) {
    config.host = config.host.substr(1, config.host.size() - 2);
  }
  return std::nullopt;
}

Wrong read_level(std::string_view text, LineLog::Level& level) {
  if (text == "error") level = LineLog::Level::error;
  if (text == "info") level = LineLog::Level::info;
  if (text == "debug") level = LineLog::Level::debug;
  if (text == "error" || text == "info" || text == "debug") return std::nullopt;
  return "must be error, info or debug";
}

Wrong read_style(std::string_view text, LineLog::Style& style) {
  bool json = false;
  Wrong wrong = read_flag(text, json);
  style = json ? LineLog::Style::json : LineLog::Style::text;
  return wrong;
}

// `--log-level` for the setting `log_level`.
std::string flag_of(std::string name) {
  std::ranges::replace(name, '_', '-');
  return "--" + name;
}

void read_origins(std::string_view text, Config& config) {
  config.origins.clear();
  config.useless_origins.clear();
  for (std::string& one : split(text)) {
    if (auto origin = normal_origin(one)) {
      config.origins.push_back(std::move(*origin));
    } else {
      config.useless_origins.push_back(std::move(one));
    }
  }
}

Wrong read_proxies(const std::string& text, Config& config) {
  config.rate.proxies.clear();
  for (const std::string& each : split(text)) {
    const auto range = parse_range(each);
    if (!range) return "has `" + each + "`: give an address or a range such as 10.0.0.0/8";
    config.rate.proxies.push_back(*range);
  }
  config.proxies = text;
  return std::nullopt;
}

// Sets one of the limits.
Wrong set_limit(Config& config, std::string_view name, const std::string& text) {
  RateRules& rate = config.rate;
  if (name == "requests_per_second") return read_number(text, rate.requests_per_second);
  if (name == "requests_burst") return read_number(text, rate.burst);
  if (name == "connections_per_address") return read_number(text, rate.connections_max);
  if (name == "limit_loopback") return read_flag(text, rate.counts_loopback);
  if (name == "requests_per_second_per_user") {
    return read_number(text, rate.users.requests_per_second);
  }
  if (name == "requests_burst_per_user") return read_number(text, rate.users.burst);
  if (name == "open_per_user") return read_number(text, rate.users.open_max);
  if (name == "bytes_per_user") return read_number(text, rate.users.bytes_max);
  if (name == "blob_bytes_per_user") return read_size(text, config.blob_bytes_per_user);
  return "is not a known setting: check its name";
}

}  // namespace

Wrong set_setting(Config& config, std::string_view name, const std::string& text) {
  if (name == "data") {
    config.data = text;
    return std::nullopt;
  }
  if (name == "tokens") {
    config.tokens = text;
    return std::nullopt;
  }
  if (name == "origins") {
    read_origins(text, config);
    return std::nullopt;
  }
  if (name == "listen") return read_listen(text, config);
  if (name == "log_level") return read_level(text, config.log_level);
  if (name == "log_json") return read_style(text, config.log_style);
  if (name == "share_with_group") return read_flag(text, config.share_with_group);
  if (name == "memory") return read_memory(text, config.memory_bytes_max);
  if (name == "trusted_proxies") return read_proxies(text, config);
  return set_limit(config, name, text);
}

std::unexpected<Error> invalid_setting(const std::string& where, const std::string& what) {
  return fail(Kind::rejected, codes::invalid, where + " " + what);
}

namespace {

// --- Flags and the environment -------------------------------------------------------------------

std::string environment_name(std::string_view name) {
  std::string upper = "LOCKSTEP_" + std::string(name);
  std::ranges::transform(upper, upper.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return upper;
}

Result<void> read_environment(Config& config, const ConfigSources& sources) {
  if (!sources.environment) return {};
  for (const Setting& setting : all_settings) {
    const std::string name = environment_name(setting.name);
    const auto text = sources.environment(name);
    if (!text) continue;
    if (const Wrong wrong = set_setting(config, setting.name, *text))
      return invalid_setting(name, *wrong);
  }
  return {};
}

Result<void> read_flags(Config& config, const ConfigSources& sources) {
  for (const auto& [name, text] : sources.flags) {
    if (const Wrong wrong = set_setting(config, name, text))
      return invalid_setting(flag_of(name), *wrong);
  }
  return {};
}

}  // namespace

std::span<const Setting> settings() { return all_settings; }

Result<Config> load_config(const ConfigSources& sources) {
  if (sources.file.empty()) return load_config(sources, {});
  std::ifstream file(sources.file, std::ios::binary);
  const int error = errno;
  // Check for a folder, which opens and reads as an empty file: a container engine makes one where
  // the file to mount is missing.
  std::error_code unknown;
  const bool folder = std::filesystem::is_directory(sources.file, unknown);
  if (folder) return invalid_setting(sources.file, "is a folder: give a file");
  if (!file) {
    return invalid_setting(sources.file, "can't be read: " + std::system_category().message(error));
  }
  std::ostringstream text;
  text << file.rdbuf();
  return load_config(sources, text.str());
}

Result<Config> load_config(const ConfigSources& sources, std::string_view toml) {
  Config config;
  config.rate = {.requests_per_second = limits::requests_per_second_max,
                 .burst = limits::requests_burst_max,
                 .connections_max = limits::connections_per_address_max,
                 .counts_loopback = false,
                 .proxies = {},
                 .users = {.requests_per_second = limits::user_requests_per_second_max,
                           .burst = limits::user_requests_burst_max,
                           .open_max = limits::open_per_user_max,
                           .bytes_max = limits::bytes_per_user_max}};
  // The source that counts most comes last and overrides the others.
  Result<void> read = read_config_file(config, toml, sources.file);
  if (read) read = read_environment(config, sources);
  if (read) read = read_flags(config, sources);
  if (!read) return std::unexpected(std::move(read.error()));
  // Unless the operator has set it: half of the bodies' share of the memory, but room for one body.
  std::size_t& of_user = config.rate.users.bytes_max;
  const std::size_t half = config.memory_bytes_max / limits::memory_share / 2;
  const bool bounded = config.memory_bytes_max != 0 && of_user == limits::bytes_per_user_max;
  if (bounded) of_user = std::min(of_user, std::max(half, limits::body_bytes_max));
  return config;
}

std::vector<std::string> unknown_variables(std::span<const char* const> environment) {
  std::vector<std::string> unknown;
  for (const std::string_view variable : environment) {
    const std::string_view name = variable.substr(0, variable.find('='));
    const bool known = name == "LOCKSTEP_CONFIG" ||
                       std::ranges::any_of(all_settings, [name](const Setting& setting) {
                         return environment_name(setting.name) == name;
                       });
    if (name.starts_with("LOCKSTEP_") && !known) unknown.emplace_back(name);
  }
  return unknown;
}

}  // namespace lockstep
