// SPDX-License-Identifier: Apache-2.0
// store_files.h: stores and files for the tests of the verbs.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "engine/rocks/kv.h"
#include "tests/support/story.h"
#include "tests/tools/process.h"

namespace lockstep::test {

[[nodiscard]] std::string read_whole(const std::string& path);
void write_whole(const std::string& path, const std::string& content);

// The Open Assistant trees; nullopt if the data set is not on this machine.
[[nodiscard]] std::optional<std::string> oasst_file();

// A story as the lines of an exported history, its settings included.
[[nodiscard]] std::string history_of(const Story& story);

// A run that writes, is stopped as seen earlier, and another that ends by itself.
[[nodiscard]] Story stopped_and_answered();

// Opens the database of the store in `data`, without the checks of the log, and commits what
// `change` puts into the batch.
void tamper(const std::string& data,
            const std::function<void(const Kv& kv, KvBatch& batch)>& change);

}  // namespace lockstep::test
