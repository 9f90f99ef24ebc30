// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/loop.h"

namespace lockstep::sim {

void Loop::after(Micros delay, const char* what, Task task) {
  waiting_.emplace(std::pair(now_ + delay, ++asked_), std::pair(what, std::move(task)));
}

bool Loop::step() {
  if (waiting_.empty()) return false;
  auto first = waiting_.extract(waiting_.begin());
  now_ = first.key().first;
  ++events_;
  mix(static_cast<std::uint64_t>(now_.count()));
  trace(first.mapped().first);
  first.mapped().second();
  return true;
}

void Loop::trace(std::string_view what) {
  for (const char byte : what) mix(static_cast<unsigned char>(byte));
  if (on_trace) on_trace(now_, what);
}

// FNV-1a, by whole numbers: cheap, and any difference shows.
void Loop::mix(std::uint64_t value) {
  constexpr std::uint64_t prime = 0x100000001b3;
  hash_ = (hash_ ^ value) * prime;
}

}  // namespace lockstep::sim
