// SPDX-License-Identifier: Apache-2.0
// approved_limits.h: how long the list of tools may be that need no approval in a thread.
//
// A user may always allow a tool in one thread. The list travels with the thread, and lists of
// threads show it, so it is bounded in bytes besides names.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace lockstep::limits {

// Of all names together: each list of threads has the list of each thread.
inline constexpr std::size_t approved_bytes_max = std::size_t{16} * 1024;

}  // namespace lockstep::limits

namespace lockstep {

[[nodiscard]] inline std::size_t bytes_of(const std::vector<std::string>& tools) {
  std::size_t bytes = 0;
  for (const std::string& tool : tools) bytes += tool.size();
  return bytes;
}

}  // namespace lockstep
