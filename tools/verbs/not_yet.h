// SPDX-License-Identifier: Apache-2.0
// not_yet.h: the refusal of a time before a thread's first entry.
//
// `show` and `replay` take a time; a thread has nothing to show before its first entry.
#pragma once

#include <string>

#include "engine/store/row_codec.h"
#include "tools/base/terminal.h"

namespace lockstep {

// Requires: the record has its thread.
[[nodiscard]] inline Trouble not_yet(const ThreadRecord& record, Timestamp at) {
  return {ExitCode::failed,
          to_string(record.name()) + " did not exist yet at " + std::to_string(at.get()),
          "It was created at " + std::to_string(record.thread->created.get()) + "."};
}

}  // namespace lockstep
