// SPDX-License-Identifier: Apache-2.0
// body_read.h: reads a body or a message without blocking the strand.
//
// The strand reads a small text at once, in the turn in which it came. The background thread reads
// a large one, and `then` runs in a later turn of the strand. `FrontCounts::turn_bytes` holds the
// longest text that the strand read at once. The memory account counts a text that waits for the
// thread, even if its connection is gone.
//
// Lives on: the engine strand.
#pragma once

#include <algorithm>
#include <string>
#include <utility>

#include "server/base/limits.h"
#include "server/front/front.h"

namespace lockstep {

// Is this text too long for one turn of the strand?
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
