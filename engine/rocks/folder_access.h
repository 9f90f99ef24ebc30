// SPDX-License-Identifier: Apache-2.0
// folder_access.h: may this process use the files of a folder?
//
// Callers ask before they open any file. A folder without permission looks like a missing one, and
// a file without permission like a damaged one: Lockstep must not say either of a store that only
// belongs to another user. A refusal names the path and its owner.
//
// Lives on: any thread.
#pragma once

#include <array>
#include <span>
#include <string>

#include "engine/base/result.h"
#include "engine/rocks/store_folder.h"

namespace lockstep {

// Our files in a store's folder and in a folder of backups; other files there are not checked. In a
// folder of backups RocksDB has chosen all names but those of our lock and of the blobs. A store
// may have very many blobs, so they are not checked one by one.
inline constexpr std::array store_names{store_folder::lock, store_folder::witness,
                                        store_folder::crash_mark, store_folder::database,
                                        store_folder::unfinished};
inline constexpr std::array backup_names{
    store_folder::lock, "meta", "private", "shared", "shared_checksum", store_folder::blobs};

enum class Use { read, write };

// May this process reach the folder, and use the files with these names in it, and those below
// them? `Use::write` also asks whether it may create files there, or the folder itself if it is
// missing. Fails with `denied`, and names the first path without permission, its owner and its
// mode. A file where a folder should be is not a question of permission: store_folder.h reports it.
[[nodiscard]] Result<void> check_access(const std::string& folder,
                                        std::span<const char* const> names, Use use);

}  // namespace lockstep
