// SPDX-License-Identifier: Apache-2.0
#include "tests/tools/process.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <functional>
#include <sstream>

#include "engine/base/must.h"
#include "tests/rocks/temp_folder.h"

namespace lockstep::test {
namespace {

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

[[noreturn]] void become(const std::vector<std::string>& arguments) {
  std::vector<char*> pointers;
  std::string binary = LOCKSTEP_BINARY;
  pointers.push_back(binary.data());
  std::vector<std::string> copies = arguments;
  for (std::string& argument : copies) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  execv(binary.c_str(), pointers.data());
  std::perror("execv");
  _exit(127);
}

void put_in_place(const std::string& path, int flags, int place) {
  const int file = ::open(path.c_str(), flags, 0600);
  MUST(file >= 0);
  MUST(::dup2(file, place) == place);
  ::close(file);
}

int wait_for(pid_t process) {
  int status = 0;
  while (waitpid(process, &status, 0) < 0) MUST(errno == EINTR);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// Root ignores file modes by these two rights. This process gives them up, also for after `exec`.
void give_up_rights() {
  for (const unsigned long right : {CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH}) {
    MUST(::geteuid() != 0 || ::prctl(PR_CAPBSET_DROP, right, 0, 0, 0) == 0);
  }
}

Said run(const std::vector<std::string>& arguments, const std::string& input,
         const std::function<void()>& prepare) {
  const TempFolder folder;
  const std::string in = folder.path() + "/in";
  const std::string out = folder.path() + "/out";
  const std::string err = folder.path() + "/err";
  std::ofstream(in, std::ios::binary) << input;
  const pid_t process = fork();
  MUST(process >= 0);
  if (process == 0) {
    put_in_place(in, O_RDONLY, STDIN_FILENO);
    put_in_place(out, O_WRONLY | O_CREAT, STDOUT_FILENO);
    put_in_place(err, O_WRONLY | O_CREAT, STDERR_FILENO);
    prepare();
    become(arguments);
  }
  Said said;
  said.code = wait_for(process);
  said.out = content_of(out);
  said.err = content_of(err);
  return said;
}

}  // namespace

Said lockstep(const std::vector<std::string>& arguments, const std::string& input,
              const std::vector<std::string>& environment) {
  std::vector<std::string> copies = environment;
  return run(arguments, input, [&copies] {
    for (std::string& each : copies) putenv(each.data());
  });
}

Said lockstep_without_rights(const std::vector<std::string>& arguments) {
  return run(arguments, {}, give_up_rights);
}

Said lockstep_without_rights_in(const std::string& folder,
                                const std::vector<std::string>& arguments) {
  return run(arguments, {}, [&folder] {
    MUST(::chdir(folder.c_str()) == 0);
    give_up_rights();
  });
}

Running::Running(const std::vector<std::string>& arguments) {
  std::array<int, 2> pipe{};
  MUST(::pipe(pipe.data()) == 0);
  process_ = fork();
  MUST(process_ >= 0);
  if (process_ == 0) {
    ::dup2(pipe[1], STDOUT_FILENO);
    ::close(pipe[0]);
    ::close(pipe[1]);
    put_in_place("/dev/null", O_WRONLY, STDERR_FILENO);
    become(arguments);
  }
  ::close(pipe[1]);
  output_ = pipe[0];
}

Running::~Running() {
  if (process_ > 0) {
    signal(SIGKILL);
    [[maybe_unused]] const int code = wait();
  }
  ::close(output_);
}

std::string Running::line() {
  std::string line;
  char c = 0;
  while (::read(output_, &c, 1) == 1 && c != '\n') line += c;
  return line;
}

void Running::signal(int number) const { ::kill(process_, number); }

int Running::wait() {
  const int code = wait_for(process_);
  process_ = -1;
  return code;
}

}  // namespace lockstep::test
