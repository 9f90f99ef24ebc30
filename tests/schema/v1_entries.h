// SPDX-License-Identifier: Apache-2.0
// v1_entries.h: what the bytes in tests/schema/v1 mean.
//
// One entry of each kind, each right after small_state(). Their bytes were written once, by the
// first version, and are read by every later one: this list is added to, never changed.
#pragma once

#include <string>
#include <vector>

#include "engine/rules/event.h"

namespace lockstep {

struct OldEntry {
  std::string name;  // the file is NAME.bin
  Entry entry;
};

[[nodiscard]] std::vector<OldEntry> v1_entries();

}  // namespace lockstep
