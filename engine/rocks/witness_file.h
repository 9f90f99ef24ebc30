// SPDX-License-Identifier: Apache-2.0
// witness_file.h: the commit witness (kv.h) as a file, the side file `commits`.
//
//   0     commit:8be crc32c:4le     even commit numbers
//   4096  commit:8be crc32c:4le     odd commit numbers
//
// The two places lie in different sectors, and a number's last bit chooses the place: a power cut
// in the middle of a write leaves the other place. The greater of the readable numbers counts. A
// file in which no number can be read is damage. `write` overwrites 12 bytes in place, once a
// commit; the committer calls `sync` once a second.
//
// Lives on: the committer's thread; `read` before that thread starts.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "engine/rocks/kv.h"

namespace lockstep {

// The bytes of one place, and back; nothing if the checksum is wrong.
[[nodiscard]] std::string encode_witness(CommitNumber number);
[[nodiscard]] std::optional<CommitNumber> decode_witness(std::string_view bytes);
inline constexpr std::size_t witness_bytes = 12;
[[nodiscard]] std::size_t witness_place(CommitNumber number);
// The number that a whole file holds; nothing if the file is too short for one. Fails with
// `corrupt` if no number in it can be read.
[[nodiscard]] Result<std::optional<CommitNumber>> read_witnesses(std::string_view file);

class WitnessFile : public CommitWitness {
 public:
  // Creates the file if it is missing, and makes its name durable. Read-only: changes nothing, and
  // `read` returns the number of this moment, because a running server may write on.
  enum class Mode { read_write, read_only };
  [[nodiscard]] static Result<std::unique_ptr<WitnessFile>> open(const std::string& path,
                                                                 Mode mode);
  ~WitnessFile() override;
  WitnessFile(const WitnessFile&) = delete;
  WitnessFile& operator=(const WitnessFile&) = delete;

  [[nodiscard]] Result<std::optional<CommitNumber>> read() const override;
  [[nodiscard]] Result<void> write(CommitNumber number) override;
  [[nodiscard]] Result<void> sync() override;

 private:
  explicit WitnessFile(int file) : file_(file) {}
  [[nodiscard]] Result<std::string> bytes() const;

  int file_;  // -1: opened read-only
  std::string read_at_open_;
};

// Makes the names in a folder durable.
[[nodiscard]] Result<void> sync_folder(const std::string& path);
// The same, and the content of the files in it.
[[nodiscard]] Result<void> sync_files(const std::string& path);

}  // namespace lockstep
