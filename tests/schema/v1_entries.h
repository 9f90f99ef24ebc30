// SPDX-License-Identifier: Apache-2.0
// v1_entries.h: the meaning of the bytes in tests/schema/v1.
//
// One entry of each kind, each right after small_state(). The first version wrote their bytes once,
// and every later version reads them: entries are only added to this list, never changed.
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
