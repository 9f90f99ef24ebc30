// SPDX-License-Identifier: Apache-2.0
// oracle_difference.h: what the engine shows against what the oracle holds, field by field.
//
// The two have no type in common, so this is written by hand: every field that a front can see and
// that the oracle knows. Times of update, settings and usage are not among them; the fold of the
// fronts' own (front.h) has those.
#pragma once

#include <string>

#include "engine/rules/diff.h"
#include "tests/laws/oracle.h"

namespace lockstep::test {

// The first difference, in words; empty if there is none.
[[nodiscard]] std::string difference(const Screen& screen, const oracle::World& world);

}  // namespace lockstep::test
