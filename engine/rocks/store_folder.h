// SPDX-License-Identifier: Apache-2.0
// store_folder.h: the files of a store's folder, and its lock.
//
// clang-format off
//   lock         held by the one process that writes
//   commits      the witness (witness_file.h)
//   rocks/       the database
//   rocks.part/  a restore or a salvage that is not finished (new_store.h): there is no `rocks/`
//   blobs/       the attachments (engine/files/blob_file.h)
//   opening      the crash mark: the thread that is being opened (tools/store/crash_mark_file.h)
//   control      the socket for commands to a running server (server/control.h)
// clang-format on
//
// Lockstep does not write into a folder with other files and no database: a mistyped path in a
// command should do no harm.
//
// Lives on: any thread.
#pragma once

#include <memory>
#include <string>

#include "engine/base/result.h"

namespace lockstep {

namespace store_folder {

inline constexpr const char* lock = "lock";
inline constexpr const char* witness = "commits";
inline constexpr const char* database = "rocks";
inline constexpr const char* unfinished = "rocks.part";
inline constexpr const char* crash_mark = "opening";
inline constexpr const char* blobs = "blobs";

// The mode of new files, before the process's umask: the group may read them.
inline constexpr unsigned file_mode = 0640;

[[nodiscard]] std::string path(const std::string& folder, const char* name);

// Creates the folder if it is missing. Fails with `not_a_store` if it is a file, with `no_space` or
// `disk`.
[[nodiscard]] Result<void> make(const std::string& folder);

// For a server or a tool that writes. Fails with `not_a_store`, `unfinished_restore` or `disk`.
[[nodiscard]] Result<void> check(const std::string& folder);

// For a tool that needs a store. Fails with `no_store`, `not_a_store`, `unfinished_restore` or
// `disk`.
[[nodiscard]] Result<void> check_is_there(const std::string& folder);

// For a restore. Fails with `exists` or `disk`.
[[nodiscard]] Result<void> check_empty(const std::string& folder);

// For a command that reads or writes the whole of `folder`: fails with `inside` if `path` is that
// folder or lies in it, also through links.
[[nodiscard]] Result<void> check_outside(const std::string& path, const std::string& folder);

}  // namespace store_folder

// A lock on a folder, until it is destroyed or the process ends.
class FolderLock {
 public:
  // Shared: with other readers; without a lock file there is no writer to keep out.
  enum class Mode { alone, shared };
  // Fails with `locked` or `disk`.
  [[nodiscard]] static Result<std::unique_ptr<FolderLock>> take(const std::string& folder,
                                                                Mode mode);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  explicit FolderLock(int file) : file_(file) {}
  int file_;  // -1: there is no lock file
};

}  // namespace lockstep
