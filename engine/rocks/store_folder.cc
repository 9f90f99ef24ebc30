// SPDX-License-Identifier: Apache-2.0
#include "engine/rocks/store_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <span>
#include <system_error>
#include <vector>

#include "engine/base/codes.h"
#include "engine/base/try.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> failed(const std::string& what, const std::string& why) {
  return fail(Kind::unavailable, codes::disk, what + ": " + why);
}

Result<std::vector<std::string>> names_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator it(folder, error);
  for (; !error && it != fs::directory_iterator(); it.increment(error)) {
    names.push_back(it->path().filename().string());
  }
  if (error) return failed(folder, error.message());
  return names;
}

std::unexpected<Error> is_file(const std::string& folder) {
  return fail(Kind::rejected, codes::not_a_store, folder + " is a file, not a folder");
}

// A file that blocks a folder's path; empty if the path has only folders.
std::string file_in_the_way(const fs::path& folder) {
  std::error_code unknown;
  fs::path way;
  for (const fs::path& step : folder.parent_path()) {
    way /= step;
    const fs::file_status is = fs::status(way, unknown);
    if (fs::exists(is) && !fs::is_directory(is)) return way.string();
  }
  return {};
}

// The path without links, dots and a slash at its end, as far as it exists.
fs::path true_path(const std::string& path) {
  std::error_code error;
  const fs::path whole = fs::absolute(path, error);
  fs::path clean = fs::weakly_canonical(error ? fs::path(path) : whole, error);
  if (error) clean = whole.lexically_normal();
  return clean.has_filename() ? clean : clean.parent_path();
}

bool has(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

std::string store_folder::path(const std::string& folder, const char* name) {
  return (fs::path(folder) / name).string();
}

Result<void> store_folder::make(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (!error) return {};
  std::error_code unknown;
  const bool is_there = fs::exists(folder, unknown);
  if (is_there && !fs::is_directory(folder, unknown)) return is_file(folder);
  if (!is_there && fs::is_symlink(folder, unknown)) {
    return failed(folder, "it is a link to a folder that does not exist");
  }
  if (error == std::errc::no_space_on_device) {
    return fail(Kind::unavailable, codes::no_space, folder + ": " + error.message());
  }
  const std::string file = file_in_the_way(folder);
  if (!file.empty()) return is_file(file);
  return failed(folder, error.message());
}

Result<void> store_folder::check(const std::string& folder) {
  TRY_LET(names, names_in(folder));
  if (has(names, database)) return {};
  if (has(names, unfinished)) {
    return fail(Kind::rejected, codes::unfinished_restore,
                folder +
                    " holds a restore or a salvage that was cut short: run the same "
                    "`lockstep restore` or `lockstep salvage` again");
  }
  for (const std::string& name : names) {
    // A start that died before it had a database may have left these.
    if (name == lock || name == witness || name == blobs) continue;
    return fail(Kind::rejected, codes::not_a_store,
                folder + " is not a store: it holds `" + name +
                    "` and no database of ours; name a store, or an empty folder");
  }
  return {};
}

Result<void> store_folder::check_is_there(const std::string& folder) {
  std::error_code error;
  const fs::file_status is = fs::status(folder, error);
  if (fs::is_directory(is)) {
    if (auto ours = check(folder); !ours) return ours;
    if (fs::exists(path(folder, database), error)) return {};
  } else if (fs::exists(is)) {
    return is_file(folder);
  }
  const std::string file = file_in_the_way(folder);
  return fail(Kind::not_found, codes::no_store,
              "there is no store in " + folder +
                  (file.empty() ? "" : ": " + file + " is a file, not a folder"));
}

Result<void> store_folder::check_empty(const std::string& folder) {
  TRY_LET(names, names_in(folder));
  const bool begun = has(names, unfinished) && !has(names, database);
  for (const std::string& name : names) {
    // An unfinished restore has written the witness and blobs before it renames the database.
    const bool part = name == unfinished || name == witness || name == blobs;
    if (name == lock || (begun && part)) continue;
    return fail(Kind::rejected, codes::exists,
                folder + " is not empty: it holds `" + name + "`; name a new or empty folder");
  }
  return {};
}

Result<void> store_folder::check_outside(const std::string& path, const std::string& folder) {
  const fs::path inner = true_path(path);
  const fs::path outer = true_path(folder);
  if (std::ranges::mismatch(inner, outer).in2 != outer.end()) return {};
  const bool same = std::ranges::equal(inner, outer);
  return fail(Kind::rejected, codes::inside,
              path + (same ? " is the folder " : " lies in the folder ") + folder +
                  ", which this command reads or writes as a whole: name a path outside it");
}

Result<std::unique_ptr<FolderLock>> FolderLock::take(const std::string& folder, Mode mode) {
  const std::string path = store_folder::path(folder, store_folder::lock);
  const bool alone = mode == Mode::alone;
  const int file = ::open(path.c_str(), (alone ? O_RDWR | O_CREAT : O_RDONLY) | O_CLOEXEC,
                          store_folder::file_mode);
  if (file < 0 && alone) return failed(path, std::system_category().message(errno));
  std::unique_ptr<FolderLock> lock(new FolderLock(file));
  if (file < 0 || ::flock(file, (alone ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0) return lock;
  if (errno != EWOULDBLOCK) return failed(path, std::system_category().message(errno));
  return fail(Kind::unavailable, codes::locked,
              folder +
                  " is open in another process, and only one may write to it: stop that one, "
                  "or wait for its end");
}

FolderLock::~FolderLock() {
  if (file_ >= 0) ::close(file_);
}

}  // namespace lockstep
