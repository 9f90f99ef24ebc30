// SPDX-License-Identifier: Apache-2.0
// oracle_difference.h: compares what the engine shows with what the oracle holds, field by field.
//
// The two share no types, so the comparison is written by hand: every field that a front can see
// and that the oracle knows. It leaves out times of update, settings and usage; the front's own
// fold (front.h) checks those.
#pragma once

#include <string>

#include "engine/rules/diff.h"
#include "engine/rules/state.h"
#include "tests/laws/oracle.h"

namespace lockstep::test {

// The first difference, in words; empty if the two agree.
[[nodiscard]] std::string difference(const Screen& screen, const oracle::World& world);
// The same for opaque data, which no screen has.
[[nodiscard]] std::string opaque_difference(const ThreadState& state, const oracle::World& world);

}  // namespace lockstep::test
