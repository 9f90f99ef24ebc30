// SPDX-License-Identifier: Apache-2.0
// replay_screen.h: a thread on a terminal, written over as it changes.
//
// Given the lines that should be seen, it changes only what differs from the ones it last showed:
// from the first line that is other on. Growing text is then just written on; text that was cut
// shrinks where it stands. What has scrolled out at the top can't be changed any more: if that must
// be, the last lines are shown anew.
//
// Pure but for its memory of what is shown: it returns the bytes to write.
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
