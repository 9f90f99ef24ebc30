// SPDX-License-Identifier: Apache-2.0
// access_told.h: closes the server's files to other users, and writes the log lines for it.
//
// An earlier version, or a copy of the folder, may have left files that other users can read.
#pragma once

#include <string>

#include "server/base/config.h"
#include "server/base/log_line.h"
#include "tools/store/access.h"

namespace lockstep {

[[nodiscard]] Sharing sharing_of(const Config& config);

// `what` is the corrected folder or file.
void say_what_was_corrected(const Corrected& corrected, const std::string& what, LineLog& log);

// Corrects the store and the token file.
void correct_access(const Config& config, LineLog& log);

}  // namespace lockstep
