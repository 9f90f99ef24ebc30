// SPDX-License-Identifier: Apache-2.0
// access.h: the permissions of the files that this process writes.
//
// Other users of the machine must not read a store: files get mode 600 and folders 700, under any
// umask. A store may be shared with its group (the setting `share_with_group`): then the
// modes are 640 and 750, so that a member of the group can read and copy, but not write. A verb
// that writes keeps the sharing of the folder that it finds, also for backups and restored stores.
//
// Earlier versions made stores and folders of backups that others could read; these get corrected.
//
// Lives on: any thread; `share` must run before the process has other threads.
#pragma once

#include <cstdint>
#include <string>

namespace lockstep {

enum class Sharing { owner, group };

// Sets the modes of all files and folders that this process makes from now on.
void share(Sharing sharing);

// `group` if the group may read and enter the folder, and other users have no rights.
[[nodiscard]] Sharing sharing_of(const std::string& folder);

struct Corrected {
  std::uint64_t changed = 0;
  std::uint64_t refused = 0;  // more open than they should be, but owned by another user
};
// Corrects a store's folder and our files in it, also those of an unfinished restore.
Corrected correct_store(const std::string& folder, Sharing sharing);
// Corrects a folder of backups.
Corrected correct_backups(const std::string& folder, Sharing sharing);
Corrected correct_file(const std::string& path, Sharing sharing);

}  // namespace lockstep
