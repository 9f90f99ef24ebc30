// SPDX-License-Identifier: Apache-2.0
// steps_judge.h: is this the right answer to these steps?
//
// Whoever wrote them: a model by way of the server's run driver, or a back end outside.
#pragma once

#include <expected>
#include <set>
#include <string>

#include "tests/sim/judge.h"

namespace lockstep::sim {

// Requires: the judge has looked at what is durable.
void check_answer(Judge& judge, const ThreadName& thread, const StepBatch& batch,
                  const std::expected<StepAck, StepRefusal>& answer);
// A known step was sent with other words than it had, or one that can't be taken, or by who may
// not: nothing may come of it, and it is refused by one of these codes, unless something else has
// come in between.
void check_astray(Judge& judge, const std::set<std::string>& codes,
                  const std::expected<StepAck, StepRefusal>& answer);

}  // namespace lockstep::sim
