// SPDX-License-Identifier: Apache-2.0
#include "tools/store/access.h"

#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <span>
#include <system_error>

#include "engine/rocks/folder_access.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

constexpr mode_t permissions = 07777;
constexpr mode_t special = 07000;  // such as set-group-id: an administrator's, so they stay
constexpr mode_t of_others = S_IRWXO;

mode_t folder_mode(Sharing sharing) { return sharing == Sharing::group ? 0750 : 0700; }
mode_t file_mode(Sharing sharing) { return sharing == Sharing::group ? 0640 : 0600; }

// Does not follow links below the named folder. Sockets keep their own modes.
void correct(const fs::path& path, const struct stat& is, Sharing sharing, Corrected& corrected) {
  const bool folder = S_ISDIR(is.st_mode);
  if (!folder && !S_ISREG(is.st_mode)) return;
  const mode_t wanted =
      (is.st_mode & special) | (folder ? folder_mode(sharing) : file_mode(sharing));
  if ((is.st_mode & permissions) == wanted) return;
  if (::chmod(path.c_str(), wanted) == 0) {
    ++corrected.changed;
  } else if (errno != ENOENT && (is.st_mode & permissions & ~wanted) != 0) {
    ++corrected.refused;
  }
}

void correct_below(const fs::path& top, Sharing sharing, Corrected& corrected) {
  struct stat is{};
  if (::lstat(top.c_str(), &is) != 0) return;
  correct(top, is, sharing, corrected);
  if (!S_ISDIR(is.st_mode)) return;
  std::error_code error;
  fs::recursive_directory_iterator it(top, error);
  for (; !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    if (::lstat(it->path().c_str(), &is) == 0) correct(it->path(), is, sharing, corrected);
  }
}

// Corrects the folder itself, and below it only our files: a wrong path must do no harm.
Corrected correct_folder(const fs::path& folder, std::span<const char* const> ours,
                         Sharing sharing) {
  Corrected corrected = correct_file(folder.string(), sharing);
  for (const char* name : ours) correct_below(folder / name, sharing, corrected);
  return corrected;
}

// A store may have very many blobs. Their folder is corrected last: while its own mode is right, so
// are those below it.
void correct_blobs(const fs::path& top, Sharing sharing, Corrected& corrected) {
  struct stat is{};
  if (::lstat(top.c_str(), &is) != 0 || !S_ISDIR(is.st_mode)) return;
  if ((is.st_mode & permissions) == ((is.st_mode & special) | folder_mode(sharing))) return;
  std::error_code error;
  fs::recursive_directory_iterator it(top, error);
  for (; !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    struct stat one{};
    if (::lstat(it->path().c_str(), &one) == 0) correct(it->path(), one, sharing, corrected);
  }
  correct(top, is, sharing, corrected);
}

}  // namespace

void share(Sharing sharing) { ::umask(permissions & ~special & ~folder_mode(sharing)); }

Sharing sharing_of(const std::string& folder) {
  struct stat is{};
  const bool found = ::stat(folder.c_str(), &is) == 0;
  const bool group = found && (is.st_mode & S_IRGRP) != 0 && (is.st_mode & S_IXGRP) != 0;
  return group && (is.st_mode & of_others) == 0 ? Sharing::group : Sharing::owner;
}

Corrected correct_file(const std::string& path, Sharing sharing) {
  Corrected corrected;
  struct stat is{};
  if (::stat(path.c_str(), &is) == 0) correct(path, is, sharing, corrected);
  return corrected;
}

Corrected correct_store(const std::string& folder, Sharing sharing) {
  Corrected corrected = correct_folder(folder, store_names, sharing);
  correct_blobs(fs::path(folder) / store_folder::blobs, sharing, corrected);
  return corrected;
}

Corrected correct_backups(const std::string& folder, Sharing sharing) {
  return correct_folder(folder, backup_names, sharing);
}

}  // namespace lockstep
