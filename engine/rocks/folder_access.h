// SPDX-License-Identifier: Apache-2.0
// folder_access.h: may this process use the files of a folder?
//
// Asked before any of them is opened. A folder that can't be looked into looks like one that is not
// there, and a file that can't be read like one that is damaged: neither may be said of a store
// that is only another user's. A refusal names the path and its owner.
//
// Lives on: any thread.
#pragma once

#include <array>
#include <span>
#include <string>

#include "engine/base/result.h"
#include "engine/rocks/store_folder.h"

namespace lockstep {

// What lies in a folder, of what is ours; other things there are nobody's business. RocksDB names
// what is in a folder of backups, but for our lock.
inline constexpr std::array store_names{store_folder::lock, store_folder::mark,
                                        store_folder::opening, store_folder::database,
                                        store_folder::unfinished};
inline constexpr std::array backup_names{store_folder::lock, "meta", "private", "shared",
                                         "shared_checksum"};

enum class Use { read, write };

// May this process come to the folder, and use what is there by these names, and below it? To
// write, make files in it too; where it is not there, make it. Fails with `denied`, and names the
// first path that is closed, its owner and its mode. A file in its place, or in the way to it, is
// not closed, but no folder, which store_folder.h says.
[[nodiscard]] Result<void> check_access(const std::string& folder,
                                        std::span<const char* const> names, Use use);

}  // namespace lockstep
