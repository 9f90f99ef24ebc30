// SPDX-License-Identifier: Apache-2.0
// replay_screen.h: updates a thread on a terminal as it changes.
//
// `show` gets the lines that should be visible, and rewrites only from the first line that differs
// from those it showed before. So growing text is appended, and text that was cut shrinks in place.
// Lines that scrolled out at the top can't be changed: if one differs, it clears the screen and
// shows the last lines again.
//
// Pure except for its memory of the lines shown: it returns the bytes to write.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace lockstep {

class ReplayScreen {
 public:
  explicit ReplayScreen(std::size_t height) : height_(height < 2 ? 2 : height) {}

  // Requires: no line is wider than the terminal, or holds a line end.
  [[nodiscard]] std::string show(std::vector<std::string> lines);

 private:
  std::size_t height_;
  std::vector<std::string> shown_;
};

}  // namespace lockstep
