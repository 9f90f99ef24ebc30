// SPDX-License-Identifier: Apache-2.0
// config_parts.h: the shared code of the three sources of settings.
//
// A setting's text means the same in each source. config.cc checks the values, and reads flags and
// the environment; config_file.cc reads the file. An error is the place and one sentence.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "server/base/config.h"

namespace lockstep {

using Wrong = std::optional<std::string>;  // the fault of a value; nullopt: it has none

// Sets one setting from its text.
[[nodiscard]] Wrong set_setting(Config& config, std::string_view name, const std::string& text);

[[nodiscard]] std::unexpected<Error> invalid_setting(const std::string& where,
                                                     const std::string& what);

// `source`: the file's name, for errors.
[[nodiscard]] Result<void> read_config_file(Config& config, std::string_view text,
                                            const std::string& source);

}  // namespace lockstep
