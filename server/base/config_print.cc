// SPDX-License-Identifier: Apache-2.0
#include <sstream>

#include "server/base/config.h"

namespace lockstep {
namespace {

std::string_view name_of(LineLog::Level level) {
  if (level == LineLog::Level::error) return "error";
  return level == LineLog::Level::info ? "info" : "debug";
}

}  // namespace

std::string printed(const Config& config) {
  std::ostringstream out;
  out << "data=" << config.data << "\nlisten=" << config.host << ':' << config.port
      << "\ntokens=" << config.tokens << "\norigins=";
  for (const std::string& origin : config.origins) out << origin << ',';
  out << "\nlog_level=" << name_of(config.log_level)
      << "\nlog_json=" << (config.log_style == LineLog::Style::json ? "true" : "false")
      << "\nshare_with_group=" << (config.share_with_group ? "true" : "false")
      << "\nmemory=" << config.memory_bytes_max
      << "\nlimits.requests_per_second=" << config.rate.requests_per_second
      << "\nlimits.requests_burst=" << config.rate.burst
      << "\nlimits.connections_per_address=" << config.rate.connections_max
      << "\nlimits.loopback=" << (config.rate.counts_loopback ? "true" : "false")
      << "\ntrusted_proxies=" << config.proxies
      << "\nlimits.requests_per_second_per_user=" << config.rate.users.requests_per_second
      << "\nlimits.requests_burst_per_user=" << config.rate.users.burst
      << "\nlimits.open_per_user=" << config.rate.users.open_max
      << "\nlimits.bytes_per_user=" << config.rate.users.bytes_max
      << "\nlimits.blob_bytes_per_user=" << config.blob_bytes_per_user << '\n';
  for (const AgentTable& agent : config.agents) {
    out << "agents." << agent.name << "=";
    const auto kind = agent.fields.find("kind");
    const auto* text =
        kind == agent.fields.end() ? nullptr : std::get_if<std::string>(&kind->second);
    out << (text == nullptr ? "" : *text) << '\n';
  }
  return out.str();
}

}  // namespace lockstep
