// SPDX-License-Identifier: Apache-2.0
// crash_mark_file.h: the mark of the thread that is being opened, as a file.
//
//   0   number:8be · crc32c:4le      number 0: none
//
// It lies beside the database as `opening`, is overwritten in place and never synced: it has to
// outlive the process, not the machine. A file that can't be read, or whose checksum is wrong, says
// nothing: then no thread is suspected. Format 1 of the store had the number alone, and a file of 8
// bytes is read so.
//
// Lives on: the engine strand.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/store/crash_mark.h"

namespace lockstep {

// What a file says. Fails with `corrupt` if it is neither form.
[[nodiscard]] Result<std::optional<ThreadNumber>> read_opening(std::string_view file);
// Of the store in `data`; a file that is not there says nothing. Fails with `corrupt` or `disk`.
[[nodiscard]] Result<std::optional<ThreadNumber>> read_opening_in(const std::string& data);

class OpeningFile final : public OpeningMarker {
 public:
  // `data`: the folder of the store. Fails with `disk`.
  [[nodiscard]] static Result<std::unique_ptr<OpeningFile>> open(const std::string& data);
  ~OpeningFile() override;
  OpeningFile(const OpeningFile&) = delete;
  OpeningFile& operator=(const OpeningFile&) = delete;

  [[nodiscard]] std::optional<ThreadNumber> found() const override { return found_; }
  void set(ThreadNumber thread) override { write(thread); }
  void clear() override { write(ThreadNumber()); }

 private:
  explicit OpeningFile(int file);
  void write(ThreadNumber thread);

  int file_;
  std::optional<ThreadNumber> found_;
};

}  // namespace lockstep
