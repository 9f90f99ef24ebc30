// SPDX-License-Identifier: Apache-2.0
// record_calls.h: reads and writes the records of attempts, notes of calls, and runs that wait.
//
// The same fields as in the protocol; an attempt's record also has the claim, which no front sees.
#pragma once

#include <string>
#include <vector>

#include "engine/rules/event.h"
#include "tools/forms/record_fields.h"

namespace lockstep {

void append_attempt(std::string& out, const AttemptStarted& event);

[[nodiscard]] std::vector<CallNote> calls_of(RecordFields& in);
[[nodiscard]] std::vector<std::string> texts_of(RecordFields& in, std::string_view name);
[[nodiscard]] Event attempt_started(RecordFields& in);
[[nodiscard]] Event call_noted(RecordFields& in);
[[nodiscard]] Event resume_noted(RecordFields& in);

}  // namespace lockstep
