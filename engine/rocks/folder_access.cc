// SPDX-License-Identifier: Apache-2.0
#include "engine/rocks/folder_access.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "engine/rocks/limits.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

std::string name_of(uid_t user) {
  std::array<char, limits::user_row_bytes> space{};
  struct passwd entry{};
  struct passwd* found = nullptr;
  const bool known =
      ::getpwuid_r(user, &entry, space.data(), space.size(), &found) == 0 && found != nullptr;
  return known ? std::string(entry.pw_name) : "user " + std::to_string(user);
}

std::unexpected<Error> denied(const fs::path& path) {
  std::string whose;
  struct stat is{};
  if (::stat(path.c_str(), &is) == 0) {
    std::array<char, 8> mode{};
    std::snprintf(mode.data(), mode.size(), "%03o", static_cast<unsigned>(is.st_mode & 0777));
    whose = ": it belongs to " + name_of(is.st_uid) + ", mode " + mode.data() +
            ", and this runs as " + name_of(::geteuid());
  }
  return fail(Kind::unavailable, "denied", path.string() + ": permission denied" + whose);
}

// Nothing else counts: what is not there, or can't be asked, is somebody else's to say.
bool is_closed(const fs::path& path, int wanted) {
  return ::faccessat(AT_FDCWD, path.c_str(), wanted, AT_EACCESS) != 0 &&
         (errno == EACCES || errno == EPERM);
}

// The way to it: the first folder from the top that can't be gone through.
Result<void> check_way(const fs::path& folder) {
  fs::path way;
  for (const fs::path& step : folder.parent_path()) {
    way /= step;
    if (is_closed(way, X_OK)) return denied(way);
  }
  return {};
}

// The one that is to be made lies in the last folder that is there.
Result<void> check_can_be_made(fs::path folder) {
  struct stat is{};
  while (::stat(folder.c_str(), &is) != 0 && folder.has_relative_path()) {
    folder = folder.parent_path();
  }
  if (S_ISDIR(is.st_mode) && is_closed(folder, W_OK | X_OK)) return denied(folder);
  return {};
}

// What RocksDB writes for people, and never reads.
bool is_for_people(const fs::path& path) { return path.filename().string().starts_with("LOG"); }

// Is the content of such a file written over? RocksDB writes others once, and then reads them.
bool is_rewritten(const fs::path& path) {
  const std::string name = path.filename().string();
  return name == store_folder::lock || name == store_folder::mark ||
         name == store_folder::opening || name == "LOCK";
}

Result<void> check_entry(const fs::path& path, Use use) {
  struct stat is{};
  if (::lstat(path.c_str(), &is) != 0 || is_for_people(path)) return {};
  int wanted = R_OK;
  if (S_ISDIR(is.st_mode)) wanted |= X_OK;
  const bool writes = use == Use::write && (S_ISDIR(is.st_mode) || is_rewritten(path));
  if (writes) wanted |= W_OK;
  if (is_closed(path, wanted)) return denied(path);
  return {};
}

Result<void> check_below(const fs::path& top, Use use) {
  if (auto open = check_entry(top, use); !open) return open;
  std::error_code error;
  if (!fs::is_directory(top, error)) return {};
  fs::directory_iterator it(top, error);
  for (; !error && it != fs::directory_iterator(); it.increment(error)) {
    if (auto open = check_below(it->path(), use); !open) return open;
  }
  return {};
}

}  // namespace

Result<void> check_access(const std::string& folder, std::span<const char* const> names, Use use) {
  std::error_code error;
  fs::path whole = fs::absolute(folder, error).lexically_normal();
  if (error) whole = folder;
  if (!whole.has_filename()) whole = whole.parent_path();
  if (auto open = check_way(whole); !open) return open;
  struct stat is{};
  if (::stat(whole.c_str(), &is) != 0) {
    return use == Use::write ? check_can_be_made(whole) : Result<void>();
  }
  // As it was named, so that the message is, too.
  const fs::path top(folder);
  if (auto open = check_entry(top, use); !open) return open;
  for (const char* name : names) {
    if (auto open = check_below(top / name, use); !open) return open;
  }
  return {};
}

}  // namespace lockstep
