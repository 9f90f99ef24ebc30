// SPDX-License-Identifier: Apache-2.0
// file.h: files of the tools, read and written whole or line by line.
//
// A file that is written takes the place of the former one as a whole, and durably: whoever reads
// it meets the one or the other. What a file system says comes back as an Error that names the
// path.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace lockstep {

// Fails with `no_regular_file` if something else is there: a folder, a device. Nothing there is
// well.
[[nodiscard]] Result<void> check_is_regular(const std::string& path);

// Fails with `no_file` (not_found), `disk` (unavailable), or `no_regular_file` for a folder.
[[nodiscard]] Result<std::string> read_file(const std::string& path);

// All of it or nothing, and durable: a new file takes the place of the former one, and its owner,
// group and mode. Without a former one it is for its owner alone. A link stays, and what it leads
// to is replaced. Fails with `owner` if the file is another's and would not be any more.
[[nodiscard]] Result<void> replace_file(const std::string& path, std::string_view content);

// Can `each_line` read it? Fails with `no_file` or `disk`, and names the path.
[[nodiscard]] Result<void> check_readable(const std::string& path);

// Calls `take` with each line, without its end, and its number from 1; stops at the first error.
// `path` `-` is standard input.
[[nodiscard]] Result<void> each_line(
    const std::string& path,
    const std::function<Result<void>(std::string_view line, std::uint64_t number)>& take);

}  // namespace lockstep
