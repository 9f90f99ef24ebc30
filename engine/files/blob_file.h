// SPDX-License-Identifier: Apache-2.0
// blob_file.h: one blob as a file: its names, its head, and calls of the system.
//
//   blobs/                  in the folder of the store
//     new/NUMBER            bytes that are still coming; a start removes what it finds here
//     USER/HASH             a blob. USER: the SHA-256 of the user's id, HASH: that of the bytes;
//                           both as 64 hex digits in lower case
//
//   file   head:512 · the bytes
//   head   lines `lockstep blob 1`, `user ID`, `type MEDIA TYPE`, `bytes NUMBER`, `seal HEX`, and
//          spaces up to the end; the seal is the start of the SHA-256 of HASH and the lines before
//
// Ids of users may differ in the case of letters alone, or be names that a file system treats
// apart, so folders have the hash of the id. A file says by itself whose it is and of which type:
// there is no table that could disagree with it. Its time of modification is the time of the
// upload.
//
// No call follows a symbolic link below `blobs/`.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/files/blob_file_limits.h"
#include "engine/store/blobs.h"

namespace lockstep::blob_file {

inline constexpr const char* top_name = "blobs";
inline constexpr const char* coming_name = "new";
inline constexpr std::size_t head_bytes = limits::blob_head_bytes;
// The permissions before the process's umask: the group may read.
inline constexpr ::mode_t file_mode = 0640;

struct Head {
  UserId user;
  BlobFacts facts;
};
// Exactly `head_bytes`. Requires: a user's id and a media type of their greatest lengths at most.
[[nodiscard]] std::string encode(const Head& head, const BlobHash& hash);
// Nothing if the head is damaged, or of another blob.
[[nodiscard]] std::optional<Head> decode(std::string_view bytes, const BlobHash& hash);

// The name of a user's folder, and of a blob in it.
[[nodiscard]] std::string name_of(const UserId& user);
[[nodiscard]] std::string name_of(const BlobHash& hash);

// A file or a folder that is open.
class Handle {
 public:
  explicit Handle(int number = -1) : number_(number) {}
  ~Handle();
  Handle(Handle&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  [[nodiscard]] int number() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }

 private:
  int number_;
};

// Fails with `no_space` or `disk`.
[[nodiscard]] std::unexpected<Error> failed(const std::string& what, int error);

// A folder in the folder at `parent`; an empty handle if there is none.
[[nodiscard]] Result<Handle> open_folder(int parent, const std::string& name);
// The same; makes it durably if it is missing.
[[nodiscard]] Result<Handle> make_folder(int parent, const std::string& name);
// The names in a folder, without `.` and `..`.
[[nodiscard]] Result<std::vector<std::string>> names_in(int folder);

struct Stat {
  std::uint64_t bytes = 0;
  Timestamp changed;
};
// Nothing if there is no such regular file.
[[nodiscard]] std::optional<Stat> stat_of(int folder, const std::string& name);
[[nodiscard]] std::optional<Stat> stat_of(const Handle& file);
// An empty handle if there is no such regular file.
[[nodiscard]] Result<Handle> open_file(int folder, const std::string& name);
[[nodiscard]] Result<std::string> read_at(int file, std::uint64_t from, std::size_t bytes);
[[nodiscard]] Result<void> write_at(int file, std::uint64_t at, std::string_view bytes);
// Durable, with this time of modification.
[[nodiscard]] Result<void> finish_file(int file, Timestamp changed);
[[nodiscard]] Result<void> sync(int number);
// Asks the system to begin writing these bytes, so that one flush at the end has less to do.
void begin_to_write(int file, std::uint64_t from, std::uint64_t bytes);

}  // namespace lockstep::blob_file
