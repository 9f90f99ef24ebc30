// SPDX-License-Identifier: Apache-2.0
// v3_entries.h: the meaning of the bytes in tests/schema/v3.
//
// The entries have the events and fields of format 3 of the store, each entry right after
// small_state(). Entries are only added to this list, never changed (v1_entries.h).
#pragma once

#include <vector>

#include "tests/schema/v1_entries.h"

namespace lockstep {

[[nodiscard]] std::vector<OldEntry> v3_entries();

}  // namespace lockstep
