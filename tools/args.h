// SPDX-License-Identifier: Apache-2.0
// args.h: the command line becomes a verb with its options.
//
// The verbs themselves are in args_parts.h. Long options only, one style. What is wrong with a
// command line is said on standard error, with what would be right; help is an answer and goes to
// standard output.
#pragma once

#include <variant>

#include "tools/verbs/verbs.h"

namespace lockstep {

// The verb that was asked for, or the exit code if help or the version was, or the line is wrong.
[[nodiscard]] std::variant<Verb, ExitCode> parse_arguments(int count, char** arguments);

}  // namespace lockstep
