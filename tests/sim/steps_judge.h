// SPDX-License-Identifier: Apache-2.0
// steps_judge.h: is this the right answer to these steps?
//
// Whoever wrote them: a model by way of the server's run driver, or a back end outside.
#pragma once

#include <expected>

#include "tests/sim/judge.h"

namespace lockstep::sim {

// Requires: the judge has looked at what is durable.
void check_answer(Judge& judge, const ThreadName& thread, const StepBatch& batch,
                  const std::expected<StepAck, StepRefusal>& answer);
// A known step was sent with other words than it had: nothing may come of it.
void check_forged(Judge& judge, const std::expected<StepAck, StepRefusal>& answer);

}  // namespace lockstep::sim
