// SPDX-License-Identifier: Apache-2.0
// noted_repairs.h: the repairs of a request, as a run notes them in the log.
//
// A composer tells each difference with a sentence; the log has kinds, counts and as many ids as
// fit, because fronts have the sentences.
#pragma once

#include <vector>

#include "engine/rules/producer.h"

namespace lockstep {

// A run of format 1 has texts without kinds: `…/context` shows them, and nothing notes them.
[[nodiscard]] std::vector<NotedRepair> notes_of(const std::vector<Repair>& repairs);

}  // namespace lockstep
