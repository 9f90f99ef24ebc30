// SPDX-License-Identifier: Apache-2.0
// deadline_text.h: names a deadline that has passed, and the setting that moves it.
//
// The texts of all deadlines end alike, so that an operator finds the setting by its name.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace lockstep {

// For example: 0.5 s
[[nodiscard]] inline std::string seconds_text(std::chrono::milliseconds time) {
  std::string seconds = std::to_string(time.count() / 1000);
  if (const auto rest = time.count() % 1000; rest != 0) {
    seconds += '.' + std::to_string(1000 + rest).substr(1);
    seconds.erase(seconds.find_last_not_of('0') + 1);
  }
  return seconds + " s";
}

// For example: within 0.5 s (`token_timeout_seconds`)
[[nodiscard]] inline std::string within(std::chrono::milliseconds deadline,
                                        std::string_view setting) {
  return "within " + seconds_text(deadline) + " (`" + std::string(setting) + "`)";
}

}  // namespace lockstep
