// SPDX-License-Identifier: Apache-2.0
// access.h: whose the files are that this process writes.
//
// What users say is for nobody else on the machine to read: files are 600 and folders 700, whatever
// the umask was. A store may be shared with its group (the setting `share_with_group`): then they
// are 640 and 750, so that a member can look and copy, and not write. A verb that writes goes by
// the folder that it finds: what is shared stays shared, and so are its copies.
//
// A store or a folder of backups that others could read, because an earlier version made it, is
// corrected.
//
// Lives on: any thread; `share` before there are others.
#pragma once

#include <cstdint>
#include <string>

namespace lockstep {

enum class Sharing { owner, group };

// The modes of all that is made from now on in this process.
void share(Sharing sharing);

// How a folder is shared: with the group if that may enter it and nobody else may.
[[nodiscard]] Sharing sharing_of(const std::string& folder);

struct Corrected {
  std::uint64_t changed = 0;
  std::uint64_t refused = 0;  // of another user, and open to more than they should be
};
// A store's folder with all that is ours in it, also what a restore has left unfinished.
Corrected correct_store(const std::string& folder, Sharing sharing);
// A folder of backups.
Corrected correct_backups(const std::string& folder, Sharing sharing);
Corrected correct_file(const std::string& path, Sharing sharing);

}  // namespace lockstep
