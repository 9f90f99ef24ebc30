// SPDX-License-Identifier: Apache-2.0
// temp_folder.h: a folder that is removed at the end of the test.
//
// Lives on: the test's thread.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>

#include "engine/base/must.h"

namespace lockstep {

class TempFolder {
 public:
  TempFolder() : path_((std::filesystem::temp_directory_path() / "lockstep-test-XXXXXX").string()) {
    MUST(::mkdtemp(path_.data()) != nullptr);
  }
  ~TempFolder() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace lockstep
