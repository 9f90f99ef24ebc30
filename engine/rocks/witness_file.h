// SPDX-License-Identifier: Apache-2.0
// witness_file.h: the log's second witness, as a file.
//
//   0     commit:8be crc32c:4le     even commit numbers
//   4096  commit:8be crc32c:4le     odd ones
//
// The two places are written in turn and lie in different sectors, so a power cut in the middle of
// a write leaves the other; the greater of the readable ones counts. A file in which neither can be
// read is damage. The file is overwritten in place, 12 bytes a commit; `sync` is called once a
// second.
//
// Lives on: the committer's thread; `read` before there is one.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "engine/rocks/kv.h"

namespace lockstep {

// A place's bytes, and what they say; nothing if they are no such bytes.
[[nodiscard]] std::string encode_mark(CommitNumber number);
[[nodiscard]] std::optional<CommitNumber> decode_mark(std::string_view bytes);
inline constexpr std::size_t mark_bytes = 12;
[[nodiscard]] std::size_t mark_place(CommitNumber number);
// What a whole file says; nothing if not even one number is in it. Fails with `corrupt` if none can
// be read.
[[nodiscard]] Result<std::optional<CommitNumber>> read_marks(std::string_view file);

class MarkFile : public Mark {
 public:
  // Makes the file if it is not there, and its name durable. Read-only: leaves it as it is, and
  // `read` tells what it said at this moment, for a server may write on.
  enum class Mode { read_write, read_only };
  [[nodiscard]] static Result<std::unique_ptr<MarkFile>> open(const std::string& path, Mode mode);
  ~MarkFile() override;
  MarkFile(const MarkFile&) = delete;
  MarkFile& operator=(const MarkFile&) = delete;

  [[nodiscard]] Result<std::optional<CommitNumber>> read() const override;
  [[nodiscard]] Result<void> write(CommitNumber number) override;
  [[nodiscard]] Result<void> sync() override;

 private:
  explicit MarkFile(int file) : file_(file) {}
  [[nodiscard]] Result<std::string> bytes() const;

  int file_;  // -1: it is only read
  std::string read_at_open_;
};

// Makes the names in a folder durable.
[[nodiscard]] Result<void> sync_folder(const std::string& path);
// And what is in its files.
[[nodiscard]] Result<void> sync_files(const std::string& path);

}  // namespace lockstep
