// SPDX-License-Identifier: Apache-2.0
// check_config.h: explains a configuration without serving it.
//
// `lockstep serve --check-config` reads all settings from where a start would read them, opens the
// token file and the files of the agents, and prints what it has understood: where each agent's
// requests go, over which proxy, with a key from where, and what works badly. It makes no store,
// asks no server, and prints no secret.
//
// Lives on: the main thread.
#pragma once

#include "server/base/config.h"
#include "tools/base/terminal.h"

namespace lockstep {

// Exit code `failed`: a setting is wrong, and a start would refuse it. Warnings do not count.
ExitCode check_config(const ConfigSources& sources, Terminal& terminal);

}  // namespace lockstep
