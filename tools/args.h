// SPDX-License-Identifier: Apache-2.0
// args.h: parses the command line into a verb with its options.
//
// The verbs themselves are in args_parts.h. All options are long (`--data`). An error goes to
// standard error and names the help to read; help is an answer, so it goes to standard output.
#pragma once

#include <variant>

#include "tools/verbs/verbs.h"

namespace lockstep {

// The verb; or the exit code, after this printed help, the version or an error of the command line.
[[nodiscard]] std::variant<Verb, ExitCode> parse_arguments(int count, char** arguments);

}  // namespace lockstep
