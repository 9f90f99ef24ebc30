// SPDX-License-Identifier: Apache-2.0
// arbitrary.h: arbitrary storable entries, for RapidCheck.
//
// The entries are well formed but not sensible: every event with every combination of optional
// fields, in any order, with names that the state before has or that the entry itself brings.
// Codecs must carry all of them. For a sensible history use a story (story.h).
#pragma once

#include <rapidcheck.h>

#include <string>
#include <vector>

#include "engine/rules/event.h"
#include "engine/rules/state.h"

namespace lockstep {

// Awkward texts in UTF-8: empty, NUL, quotes, code points beyond U+FFFF, long ones.
[[nodiscard]] rc::Gen<std::string> arbitrary_text();

// An entry that comes right after `before.now`. Requires: `before` has a message and a run.
[[nodiscard]] rc::Gen<Entry> arbitrary_entry(ThreadState before);

}  // namespace lockstep
