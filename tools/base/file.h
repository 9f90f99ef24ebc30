// SPDX-License-Identifier: Apache-2.0
// file.h: reads and writes files for the tools, whole or line by line.
//
// A write replaces the former file atomically and durably: a reader sees either the old content or
// the new. Errors of the file system come back as an Error that names the path.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace lockstep {

// Fails with `no_regular_file` if the path is something else: a folder, a device. A missing file is
// no failure.
[[nodiscard]] Result<void> check_is_regular(const std::string& path);

// Fails with `no_file` (not_found), `disk` (unavailable), or `no_regular_file` for a folder.
[[nodiscard]] Result<std::string> read_file(const std::string& path);

// Replaces the file atomically and durably. The new file keeps the owner, group and mode of the
// former one; without a former one, only the owner may read it. If the path is a link, the link
// stays and its target is replaced. Fails with `owner` if the process can't keep the owner.
[[nodiscard]] Result<void> replace_file(const std::string& path, std::string_view content);

// Checks that `each_line` can read the file. Fails with `no_file` or `disk`, and names the path.
[[nodiscard]] Result<void> check_readable(const std::string& path);

// Calls `take` with each line, without its end, and its number from 1; stops at the first error.
// `path` `-` is standard input.
[[nodiscard]] Result<void> each_line(
    const std::string& path,
    const std::function<Result<void>(std::string_view line, std::uint64_t number)>& take);

}  // namespace lockstep
