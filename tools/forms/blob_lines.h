// SPDX-License-Identifier: Apache-2.0
// blob_lines.h: blobs in the lines of an export.
//
//   {"user":ID,"thread":ID,"blob":"sha256-…","media_type":TYPE,"bytes":N,"at":N,"data":BASE64}
//
// A blob comes before the first entry that names it, once for each user, in lines of at most
// `piece_bytes` of it, in order: so neither side holds a whole blob in memory.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "engine/rules/blob_names.h"
#include "engine/store/blobs.h"
#include "tools/forms/json.h"

namespace lockstep {

// The blobs of an export.
class BlobLines {
 public:
  // Requires: the blobs outlive it.
  explicit BlobLines(const Blobs& blobs) : blobs_(blobs) {}

  // Writes the blobs that the entry names and that were not written yet. One that is missing or
  // damaged is left out, and counted.
  void write(const ThreadName& thread, const Entry& entry,
             const std::function<void(std::string_view)>& write);
  [[nodiscard]] std::uint64_t left_out() const { return left_out_; }

 private:
  const Blobs& blobs_;
  std::set<std::pair<UserId, BlobHash>> written_;
  std::uint64_t left_out_ = 0;
};

// Takes such lines, and makes the blobs.
class BlobImport {
 public:
  // Requires: the blobs outlive it.
  explicit BlobImport(Blobs& blobs) : blobs_(blobs) {}

  // Fails with `invalid` if the line is not the next one of its blob, or the blob is not the one
  // that it says; else as a BlobWriter does.
  [[nodiscard]] Result<void> take(const UserId& user, const JsonValue& line);
  // Notes what an imported entry names.
  void names(const UserId& user, const Entry& entry);
  // How many of the named blobs are not there: the file was made without them, or lacks lines.
  [[nodiscard]] std::size_t missing() const;

 private:
  Blobs& blobs_;
  std::set<std::pair<UserId, BlobHash>> named_;
  std::optional<std::pair<UserId, BlobHash>> coming_;
  std::unique_ptr<BlobWriter> writer_;
  std::uint64_t at_ = 0;
};

}  // namespace lockstep
