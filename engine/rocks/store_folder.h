// SPDX-License-Identifier: Apache-2.0
// store_folder.h: what lies in a store's folder, and who may write there.
//
// clang-format off
//   lock         held by the one process that writes
//   commits      the mark (witness_file.h)
//   rocks/       the database
//   rocks.part/  a restore or a salvage that is not finished (new_store.h): there is no `rocks/`
//   opening      the thread that is being opened (tools/store/crash_mark_file.h)
//   control      where a running server takes the administrator's word (server/control.h)
// clang-format on
//
// A folder in which other things lie and no database is not written into: a wrong path in a command
// should do no harm.
//
// Lives on: any thread.
#pragma once

#include <memory>
#include <string>

#include "engine/base/result.h"

namespace lockstep {

namespace store_folder {

inline constexpr const char* lock = "lock";
inline constexpr const char* mark = "commits";
inline constexpr const char* database = "rocks";
inline constexpr const char* unfinished = "rocks.part";
inline constexpr const char* opening = "opening";

// Of a file that is made, less what the process's umask takes away: its group may be let in.
inline constexpr unsigned file_mode = 0640;

[[nodiscard]] std::string path(const std::string& folder, const char* name);

// Makes it if it is not there. Fails with `not_a_store` if it is a file, with `no_space` or `disk`.
[[nodiscard]] Result<void> make(const std::string& folder);

// For a server or a tool that writes. Fails with `not_a_store`, `unfinished_restore` or `disk`.
[[nodiscard]] Result<void> check(const std::string& folder);

// For a tool that needs one. Fails with `no_store`, `not_a_store`, `unfinished_restore` or `disk`.
[[nodiscard]] Result<void> check_is_there(const std::string& folder);

// For a restore. Fails with `exists` or `disk`.
[[nodiscard]] Result<void> check_empty(const std::string& folder);

// May `path` be written (or, a file, be read) by what works on all of `folder`? Not if it is that
// folder or lies in it, by whatever name. Fails with `inside`.
[[nodiscard]] Result<void> check_outside(const std::string& path, const std::string& folder);

}  // namespace store_folder

// A lock on a folder, until it is destroyed or the process ends.
class FolderLock {
 public:
  // Shared: with others that read; where there is no lock there is nobody to keep out.
  enum class Mode { alone, shared };
  // Fails with `locked` or `disk`.
  [[nodiscard]] static Result<std::unique_ptr<FolderLock>> take(const std::string& folder,
                                                                Mode mode);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  explicit FolderLock(int file) : file_(file) {}
  int file_;  // -1: nothing to hold
};

}  // namespace lockstep
