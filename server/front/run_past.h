// SPDX-License-Identifier: Apache-2.0
// run_past.h: what only the log tells of a run: the agents before its fallback.
//
// A fallback takes over only while the run has shown nothing, so all of it stands between the start
// of the run and its first message. Runs of one attempt, nearly all, read nothing.
//
// Lives on: the engine strand.
#pragma once

#include <vector>

#include "engine/rules/former_agents.h"
#include "server/front/front.h"

namespace lockstep {

// Nothing if the log can't be read, or is too long there: it is a hint for people.
[[nodiscard]] std::vector<FormerAgent> former_agents(Front& front, const UserId& user,
                                                     const ThreadName& thread, const Run& run);

}  // namespace lockstep
