// SPDX-License-Identifier: Apache-2.0
// body_read.h: what a front sent, read without holding up the others.
//
// A small text is read at once, in the turn of the strand in which it came. A large one is read on
// the background thread, and its reader is called in a later turn. `FrontCounts::turn_bytes` says
// how much was read at once at most. A text that waits for that thread is charged, also when the
// connection that it came over is gone.
//
// Lives on: the engine strand.
#pragma once

#include <algorithm>
#include <string>
#include <utility>

#include "server/base/limits.h"
#include "server/front/front.h"

namespace lockstep {

// Is this too much for one turn of the strand?
[[nodiscard]] inline bool is_long(const std::string& text) {
  return text.size() > limits::turn_bytes_max;
}

// Calls `then(read(text))`, now or later. `read`: a function from a text to a value.
template <class Reader, class Then>
void read_body(Front& front, std::string text, Reader read, Then then) {
  if (is_long(text)) {
    Charge held(front.memory, MemoryKind::bodies, text.size());
    front.background.run([text = std::move(text), read] { return read(text); },
                         [held = std::move(held), then = std::move(then)](auto value) mutable {
                           then(std::move(value));
                         });
    return;
  }
  front.counts.turn_bytes = std::max<std::uint64_t>(front.counts.turn_bytes, text.size());
  then(read(text));
}

}  // namespace lockstep
