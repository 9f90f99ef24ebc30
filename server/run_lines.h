// SPDX-License-Identifier: Apache-2.0
// run_lines.h: the line of the log that tells how a run ended badly.
//
// Runs that a model of the server wrote and runs that others wrote have the same line, so that one
// alarm of an operator finds both.
#pragma once

#include "engine/rules/state.h"
#include "server/base/log_line.h"

namespace lockstep {

// A failed run is an error line: an operator should look at its agent. An interrupted one is not:
// the operator mostly knows the reason, a stop of the server above all.
void tell_run_end(LineLog& log, const ThreadName& thread, const Run& run);

}  // namespace lockstep
