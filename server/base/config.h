// SPDX-License-Identifier: Apache-2.0
// config.h: reads the settings from flags, the environment and a file.
//
// A setting has one name and three possible sources, of which the first that has it counts: a flag
// (`--listen`), the environment (`LOCKSTEP_LISTEN`), the file (`listen = …`). An unknown name is an
// error in flags and in the file. In the environment the server only logs it, because orchestrators
// put names of their own there (`LOCKSTEP_PORT` for a service named `lockstep`).
//
//   data = "/var/lib/lockstep"            tokens = "/etc/lockstep/tokens.toml"
//   listen = "127.0.0.1:7717"             origins = ["https://chat.example"]
//   log_level = "info"                    log_json = false
//   share_with_group = false              memory = "512MiB"
//   trusted_proxies = ["10.0.0.0/8"]
//   [limits]  requests_per_second, requests_burst, connections_per_address, loopback,
//             requests_per_second_per_user, requests_burst_per_user, open_per_user, bytes_per_user,
//             blob_bytes_per_user
//   [agents.NAME]  each a table, which server/inference reads
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "engine/base/blob_limits.h"
#include "engine/base/limits.h"
#include "engine/base/result.h"
#include "engine/rules/event.h"
#include "server/base/log_line.h"
#include "server/base/rate_rules.h"

namespace lockstep {

// An agent's table, field by field, as in the file: server/inference knows the kinds and checks it.
// The last types are a table of texts, and any other table or array.
using AgentField =
    std::variant<std::string, std::int64_t, double, bool, std::map<std::string, std::string>, Json>;
struct AgentTable {
  std::string name;
  std::map<std::string, AgentField> fields;
  std::string where;                          // for errors: `FILE line 7: agents.NAME`
  std::map<std::string, std::string> places;  // of its fields: `FILE line 9: agents.NAME.FIELD`
};

struct Config {
  std::string data;
  std::string host = "127.0.0.1";
  std::uint16_t port = 7717;
  std::string tokens;                        // the file; empty: one user, `local`, on loopback only
  std::vector<std::string> origins;          // as browsers send them
  std::vector<std::string> useless_origins;  // no browser sends these: for a warning
  LineLog::Level log_level = LineLog::Level::info;
  LineLog::Style log_style = LineLog::Style::text;
  bool share_with_group = false;
  std::size_t memory_bytes_max = limits::memory_bytes_max;
  std::size_t blob_bytes_per_user = limits::blob_user_bytes;
  RateRules rate;
  std::string proxies;  // the text of the setting; `rate.proxies` has the ranges
  std::vector<AgentTable> agents;
};

struct Setting {
  std::string_view name;      // as in the file; a flag has `-` for `_`
  std::string_view fallback;  // the default; empty: none
  std::string_view help;      // with its unit
};
// All settings that flags and the environment can give; the command line offers them.
[[nodiscard]] std::span<const Setting> settings();

struct ConfigSources {
  std::vector<std::pair<std::string, std::string>> flags;  // by the setting's name
  std::function<std::optional<std::string>(const std::string& name)> environment;
  std::string file;  // its path; empty: none
};

// Fails with `invalid` and the place of the fault: the flag, the variable, or the file with the
// line and the path.
[[nodiscard]] Result<Config> load_config(const ConfigSources& sources);
// The same from the file's text, for tests.
[[nodiscard]] Result<Config> load_config(const ConfigSources& sources, std::string_view toml);

// The names among these variables (`NAME=value`) that begin like a setting and are not one.
[[nodiscard]] std::vector<std::string> unknown_variables(std::span<const char* const> environment);

// The effective settings, one `name=value` a line.
[[nodiscard]] std::string printed(const Config& config);

}  // namespace lockstep
