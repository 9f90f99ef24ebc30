// SPDX-License-Identifier: Apache-2.0
// main.cc: lockstep, the one binary. It runs the verb of the command line and exits with its code.
#include <csignal>
#include <string_view>

#include "tools/args.h"
#include "tools/base/hang_ups.h"
#include "tools/store/access.h"

#ifdef NDEBUG
static_assert(__USE_FORTIFY_LEVEL >= 2, "a release is built with _FORTIFY_SOURCE");
#endif

namespace lockstep {
namespace {

int run_tool(int count, char** arguments) {
  const bool serves = count > 1 && std::string_view(arguments[1]) == "serve";
  if (serves) {
    HangUps::block();
    // The program that reads the log may exit; the server keeps running.
    std::signal(SIGPIPE, SIG_IGN);
  }
  share(Sharing::owner);
  const std::variant<Verb, ExitCode> asked = parse_arguments(count, arguments);
  if (const auto* code = std::get_if<ExitCode>(&asked)) return static_cast<int>(*code);
  Terminal terminal;
  const ExitCode code = std::visit([&](const auto& options) { return run(options, terminal); },
                                   std::get<Verb>(asked));
  terminal.flush();
  return static_cast<int>(code);
}

}  // namespace
}  // namespace lockstep

int main(int count, char** arguments) { return lockstep::run_tool(count, arguments); }
