// SPDX-License-Identifier: Apache-2.0
// crash_mark_file.h: a file that names the thread that is being opened (the crash mark).
//
//   0   number:8be · crc32c:4le      number 0: no thread
//
// If the process dies while it opens a thread, the next start finds the number and suspects that
// thread. The file is `opening`, next to the database. It is overwritten in place and never synced:
// it must survive the process, not the machine. If it is unreadable or its checksum is wrong, no
// thread is suspected. In format 1 of the store the file had only the number, so 8 bytes are valid.
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

// Decodes the file's bytes; empty for no thread. Fails with `corrupt` if they are in neither form.
[[nodiscard]] Result<std::optional<ThreadNumber>> read_crash_mark(std::string_view file);
// The same for the store in `data`; empty if the file is missing. Fails with `corrupt` or `disk`.
[[nodiscard]] Result<std::optional<ThreadNumber>> read_crash_mark_in(const std::string& data);

class CrashMarkFile final : public CrashMarker {
 public:
  // `data`: the folder of the store. Fails with `disk`.
  [[nodiscard]] static Result<std::unique_ptr<CrashMarkFile>> open(const std::string& data);
  ~CrashMarkFile() override;
  CrashMarkFile(const CrashMarkFile&) = delete;
  CrashMarkFile& operator=(const CrashMarkFile&) = delete;

  [[nodiscard]] std::optional<ThreadNumber> found() const override { return found_; }
  void set(ThreadNumber thread) override { write(thread); }
  void clear() override { write(ThreadNumber()); }

 private:
  explicit CrashMarkFile(int file);
  void write(ThreadNumber thread);

  int file_;
  std::optional<ThreadNumber> found_;
};

}  // namespace lockstep
