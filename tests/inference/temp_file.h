// SPDX-License-Identifier: Apache-2.0
// temp_file.h: a path that is removed at the end, whatever a test has written there.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace lockstep {

class TempFile {
 public:
  explicit TempFile(const std::string& name)
      : path_((std::filesystem::temp_directory_path() /
               ("lockstep_" + std::to_string(::getpid()) + "_" + name))
                  .string()) {
    std::filesystem::remove(path_);
  }
  ~TempFile() { std::filesystem::remove(path_); }
  TempFile(const TempFile&) = delete;
  TempFile& operator=(const TempFile&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  void write(std::string_view text) const {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << text;
  }
  // Writes another file and renames it, as programs do that renew a key.
  void replace(std::string_view text) const {
    std::ofstream(path_ + ".new", std::ios::binary | std::ios::trunc) << text;
    std::filesystem::rename(path_ + ".new", path_);
  }

 private:
  std::string path_;
};

}  // namespace lockstep
