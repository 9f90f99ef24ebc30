// SPDX-License-Identifier: Apache-2.0
// process.h: runs the real binary in a test.
//
// `lockstep` runs it to its end and returns its output; `Running` starts it and lets it run.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace lockstep::test {

struct Said {
  int code = -1;  // the exit code; 128 + the signal's number if one ended it
  std::string out;
  std::string err;
};

// `environment`: `NAME=value`, besides the test's own.
[[nodiscard]] Said lockstep(const std::vector<std::string>& arguments,
                            const std::string& input = {},
                            const std::vector<std::string>& environment = {});

// The same as a user for whom the modes of files count, also if root runs the tests.
[[nodiscard]] Said lockstep_without_rights(const std::vector<std::string>& arguments);
[[nodiscard]] Said lockstep_without_rights_in(const std::string& folder,
                                              const std::vector<std::string>& arguments);

class Running {
 public:
  explicit Running(const std::vector<std::string>& arguments);
  ~Running();
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  // The next line of its standard output, without its end; empty at the end of it.
  [[nodiscard]] std::string line();
  void signal(int number) const;
  // Waits for its end, and returns the exit code as above.
  [[nodiscard]] int wait();

 private:
  pid_t process_ = -1;
  int output_ = -1;
};

}  // namespace lockstep::test
