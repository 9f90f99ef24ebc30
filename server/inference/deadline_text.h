// SPDX-License-Identifier: Apache-2.0
// deadline_text.h: names a deadline that has passed, and the setting that moves it.
//
// The texts of all deadlines end alike, so that an operator finds the setting by its name.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace lockstep {

// For example: within 0.5 s (`token_timeout_seconds`)
[[nodiscard]] inline std::string within(std::chrono::milliseconds deadline,
                                        std::string_view setting) {
  std::string seconds = std::to_string(deadline.count() / 1000);
  if (const auto rest = deadline.count() % 1000; rest != 0) {
    seconds += '.' + std::to_string(1000 + rest).substr(1);
    seconds.erase(seconds.find_last_not_of('0') + 1);
  }
  return "within " + seconds + " s (`" + std::string(setting) + "`)";
}

}  // namespace lockstep
