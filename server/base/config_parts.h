// SPDX-License-Identifier: Apache-2.0
// config_parts.h: what the settings' three sources have in common.
//
// A setting's text means the same wherever it comes from: config.cc knows what each may be, and
// reads flags and the environment; config_file.cc reads the file. What is wrong is one sentence
// behind the place where it stands.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "server/base/config.h"

namespace lockstep {

using Wrong = std::optional<std::string>;  // what is wrong with a value

// Sets one setting from its text.
[[nodiscard]] Wrong set_setting(Config& config, std::string_view name, const std::string& text);

[[nodiscard]] std::unexpected<Error> invalid_setting(const std::string& where,
                                                     const std::string& what);

// `source`: the file's name, for errors.
[[nodiscard]] Result<void> read_config_file(Config& config, std::string_view text,
                                            const std::string& source);

}  // namespace lockstep
