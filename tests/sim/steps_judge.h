// SPDX-License-Identifier: Apache-2.0
// steps_judge.h: checks the answers to steps.
//
// The same rules hold for both writers: a model through the server's run driver, and a back end
// outside.
#pragma once

#include <expected>
#include <set>
#include <string>

#include "server/front/claims.h"
#include "tests/sim/judge.h"

namespace lockstep::sim {

// Requires: the judge has looked at the durable entries.
void check_answer(Judge& judge, const ThreadName& thread, const StepBatch& batch,
                  const std::expected<StepAck, StepRefusal>& answer);
// A worker is told of its claim.
void check_claim(Judge& judge, const Claimed& claim);
// A producer sent a known step with other words, or an impossible step, or is not the writer. The
// steps must have no effect, and the refusal must have one of these codes, unless another input
// came in between.
void check_astray(Judge& judge, const std::set<std::string>& codes,
                  const std::expected<StepAck, StepRefusal>& answer);

}  // namespace lockstep::sim
