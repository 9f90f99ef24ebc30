// SPDX-License-Identifier: Apache-2.0
#include "tools/verbs/check_config.h"

#include <boost/asio/io_context.hpp>
#include <utility>

#include "engine/base/try.h"
#include "server/base/auth.h"
#include "server/base/printable.h"
#include "server/inference/agent_explained.h"
#include "server/server.h"
#include "tools/base/system.h"
#include "tools/verbs/configured_agents.h"

namespace lockstep {
namespace {

ExitCode wrong(const Error& error, Terminal& terminal) {
  return terminal.fail({ExitCode::failed, error.detail,
                        "Correct this setting; `lockstep serve --help` lists the settings."});
}

// The warnings, or the fault, that a start would find; the agents are dropped again.
Result<std::vector<AgentWarning>> try_agents(const AgentsConfig& agents) {
  boost::asio::io_context context;
  SystemRandom random;
  SystemClock clock;
  TRY_LET(set, AgentSet::open(agents, context.get_executor(), random, clock));
  return set->warnings();
}

std::string agent_text(const std::string& name, AgentKind kind, const Explanation& said,
                       const std::vector<AgentWarning>& warnings) {
  constexpr std::size_t column = 10;
  std::string text = "\nagent " + name + ": " + std::string(name_of(kind)) + "\n";
  for (const auto& [what, value] : said) {
    std::string label = what;
    label.resize(column, ' ');
    text += "  " + label + value + "\n";
  }
  for (const AgentWarning& warning : warnings) {
    if (warning.agent != name) continue;
    text += "  warning   " + warning.event + ": " + warning.what + "; " + advice_on(warning.event) +
            "\n";
  }
  return text;
}

}  // namespace

ExitCode check_config(const ConfigSources& sources, Terminal& terminal) {
  const auto config = load_config(sources);
  if (!config) return wrong(config.error(), terminal);
  const auto auth = config->tokens.empty() ? Result<Auth>(Auth()) : Auth::open(config->tokens);
  if (!auth) return wrong(auth.error(), terminal);
  const auto host = Server::check_host(*auth, config->host);
  if (!host) return wrong(host.error(), terminal);
  auto agents = agents_of(*config);
  if (!agents) return wrong(agents.error(), terminal);
  const auto warnings = try_agents(*agents);
  if (!warnings) return wrong(warnings.error(), terminal);
  terminal.print(printable(printed(*config)));
  if (agents->empty()) agents->emplace("default", AgentConfig());
  for (const auto& [name, agent] : *agents) {
    const auto said = explain(name, agent);
    if (!said) return wrong(said.error(), terminal);
    terminal.print(printable(agent_text(name, agent.kind, *said, *warnings)));
  }
  terminal.print("\nThe configuration is good.\n");
  return ExitCode::ok;
}

}  // namespace lockstep
