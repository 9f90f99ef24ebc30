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

#include "engine/base/codes.h"
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

// The absolute path, so that a person finds it from any working folder.
std::string shown(const fs::path& path) {
  std::error_code error;
  const fs::path whole = fs::absolute(path, error);
  if (error) return path.string();
  return (whole.filename() == "." ? whole.parent_path() : whole).string();
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
  return fail(Kind::unavailable, codes::denied, shown(path) + ": permission denied" + whose);
}

// Only a denial counts here: other functions report missing files and other errors.
bool is_denial(int error) { return error == EACCES || error == EPERM; }

bool is_closed(const fs::path& path, int wanted) {
  return ::faccessat(AT_FDCWD, path.c_str(), wanted, AT_EACCESS) != 0 && is_denial(errno);
}

// Is it a folder that this process may not enter? A file in the way is another error.
bool bars_the_way(const fs::path& step) {
  struct stat is{};
  if (::stat(step.c_str(), &is) != 0) return is_denial(errno);
  return S_ISDIR(is.st_mode) && is_closed(step, X_OK);
}

// Checks each folder of the path, as the kernel does: from the root, or from the working folder,
// whose own parents don't matter.
Result<void> check_way(const fs::path& folder) {
  fs::path way;
  if (folder.is_relative() && bars_the_way(".")) return denied(".");
  for (const fs::path& step : folder.parent_path()) {
    way /= step;
    if (bars_the_way(way)) return denied(way);
  }
  return {};
}

// The missing folder will be created in the last folder of its path that exists.
Result<void> check_can_be_made(fs::path folder) {
  struct stat is{};
  while (::stat(folder.c_str(), &is) != 0 && folder.has_relative_path()) {
    folder = folder.has_parent_path() ? folder.parent_path() : fs::path(".");
    if (folder == "." && ::stat(".", &is) != 0) return {};
  }
  if (S_ISDIR(is.st_mode) && is_closed(folder, W_OK | X_OK)) return denied(folder);
  return {};
}

// RocksDB writes these files for people, and never reads them.
bool is_for_people(const fs::path& path) { return path.filename().string().starts_with("LOG"); }

// Is such a file written again? RocksDB writes its other files once, and then only reads them.
bool is_rewritten(const fs::path& path) {
  const std::string name = path.filename().string();
  return name == store_folder::lock || name == store_folder::witness ||
         name == store_folder::crash_mark || name == "LOCK";
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

// Checks a folder and the files below it.
class Below {
 public:
  explicit Below(Use use) : use_(use) {}

  // One of our names may be a link, to another disk. Links below it are not followed: they could
  // lead anywhere, and back.
  Result<void> check(const fs::path& top, std::size_t depth = 0) {
    if (auto open = check_entry(top, use_); !open) return open;
    std::error_code error;
    const fs::file_status is = depth == 0 ? fs::status(top, error) : fs::symlink_status(top, error);
    if (!fs::is_directory(is) || depth == limits::access_depth_max) return {};
    fs::directory_iterator it(top, error);
    for (; !error && it != fs::directory_iterator(); it.increment(error)) {
      // An opening then finds out by itself: this check only gives a better error.
      if (++looked_at_ > limits::access_entries_max) return {};
      if (auto open = check(it->path(), depth + 1); !open) return open;
    }
    return {};
  }

 private:
  Use use_;
  std::size_t looked_at_ = 0;
};

}  // namespace

Result<void> check_access(const std::string& folder, std::span<const char* const> names, Use use) {
  fs::path top(folder);
  if (!top.has_filename()) top = top.parent_path();
  if (auto open = check_way(top); !open) return open;
  struct stat is{};
  if (::stat(top.c_str(), &is) != 0) {
    if (is_denial(errno)) return denied(top);  // a link whose target this process may not reach
    return use == Use::write ? check_can_be_made(top) : Result<void>();
  }
  if (!S_ISDIR(is.st_mode)) return {};
  if (auto open = check_entry(top, use); !open) return open;
  Below below(use);
  for (const char* name : names) {
    if (auto open = below.check(top / name); !open) return open;
  }
  return {};
}

}  // namespace lockstep
