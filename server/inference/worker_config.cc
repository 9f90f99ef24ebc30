// SPDX-License-Identifier: Apache-2.0
#include "server/inference/worker_config.h"

#include <algorithm>

#include "server/inference/deadline_text.h"
#include "server/inference/limits.h"
#include "server/inference/worker_limits.h"

namespace lockstep {
namespace {

using Field = AgentFields::mapped_type;

std::string take_seconds(const Field& field, std::chrono::milliseconds& to) {
  std::chrono::duration<double> seconds{};
  if (const auto* whole = std::get_if<std::int64_t>(&field)) {
    seconds = std::chrono::seconds(*whole);
  } else if (const auto* real = std::get_if<double>(&field)) {
    seconds = std::chrono::duration<double>(*real);
  }
  if (!(seconds.count() > 0)) return "must be a number above 0";
  if (seconds > limits::timeout_max) return "must be at most a day (86400)";
  to = std::max(std::chrono::milliseconds(1),
                std::chrono::duration_cast<std::chrono::milliseconds>(seconds));
  return {};
}

std::string take_attempts(const Field& field, std::uint32_t& to) {
  const auto* attempts = std::get_if<std::int64_t>(&field);
  if (!attempts || *attempts < 1 || *attempts > limits::worker_attempts_max) {
    return "must be a whole number from 1 to " + std::to_string(limits::worker_attempts_max);
  }
  to = static_cast<std::uint32_t>(*attempts);
  return {};
}

std::string take_lost(const Field& field, bool& retries) {
  const auto* word = std::get_if<std::string>(&field);
  if (!word || (*word != "retry" && *word != "interrupt")) return "must be retry or interrupt";
  retries = *word == "retry";
  return {};
}

}  // namespace

std::optional<std::string> take_worker(std::string_view name, const Field& field,
                                       WorkerConfig& config) {
  if (name == "claim_seconds") return take_seconds(field, config.claim_time);
  if (name == "max_attempts") return take_attempts(field, config.attempts_max);
  if (name == "on_worker_lost") return take_lost(field, config.retries);
  return {};
}

std::string worker_text(const WorkerConfig& config) {
  const std::string times = config.attempts_max == 1
                                ? "once"
                                : "at most " + std::to_string(config.attempts_max) + " times";
  return "has " + seconds_text(config.claim_time) + " to claim a run; if it is lost, the run " +
         (config.retries ? "can be claimed again, " + times + " in all" : "is interrupted");
}

}  // namespace lockstep
