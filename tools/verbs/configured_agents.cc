// SPDX-License-Identifier: Apache-2.0
#include "tools/verbs/configured_agents.h"

#include <utility>

#include "engine/base/codes.h"
#include "engine/base/try.h"
#include "server/inference/agent_config.h"

namespace lockstep {
namespace {

// `complaint`: a field's name, and its error. The place is the field's line, or the table's line if
// the field is missing.
std::unexpected<Error> wrong_field(const AgentTable& table, const std::string& complaint) {
  const std::string field = complaint.substr(0, complaint.find(' '));
  const auto place = table.places.find(field);
  return fail(Kind::rejected, codes::invalid,
              (place == table.places.end() ? table.where + "." + field : place->second) +
                  complaint.substr(field.size()));
}

}  // namespace

// `Config` does not know the kinds of agents, and `server/inference` does not know files.
Result<AgentsConfig> agents_of(const Config& config) {
  AgentsConfig agents;
  for (const AgentTable& table : config.agents) {
    if (!is_id(table.name)) {
      return fail(Kind::rejected, codes::invalid,
                  table.where + " is not a name for an agent: use A-Z a-z 0-9 . _ : -");
    }
    auto agent = agent_config(table.fields);
    if (!agent) return wrong_field(table, agent.error().detail);
    agent->where = table.where;
    agents.emplace(table.name, std::move(*agent));
  }
  return agents;
}

std::string advice_on(const std::string& warning) {
  if (warning == "key_unset")
    return "set the variable and start the server again; until then runs of this agent fail";
  if (warning == "key_file_unusable")
    return "write the key into the file; each run looks at it again, and fails until then";
  if (warning == "secret_in_file")
    return "put the value into a variable, and name it in `header_env`";
  if (warning == "ask_before_unknown")
    return "no tool of this agent has the name in `ask_before`: correct it, or no person is asked";
  if (warning == "key_too_short")
    return "use a longer key: this one is too short to be redacted in answers of the model server";
  return "fronts see `params`, and the log keeps them: put a key into `api_key_env` instead";
}

namespace {

const char* subject_of(const std::string& warning) {
  if (warning == "params_are_shown") return "member";
  if (warning == "ask_before_unknown") return "tool";
  if (warning == "secret_in_file") return "setting";
  return warning == "key_file_unusable" ? "why" : "variable";
}

void warn_of_agents(const AgentSet& agents, LineLog& log) {
  for (const AgentWarning& warning : agents.warnings()) {
    log.error(warning.event, {{"agent", warning.agent},
                              {subject_of(warning.event), warning.what},
                              {"next", advice_on(warning.event)}});
  }
}

}  // namespace

Result<std::unique_ptr<AgentSet>> open_agents(const Config& config, const AgentMeans& means) {
  TRY_LET(agents, agents_of(config));
  auto set = AgentSet::open(agents, means.executor, means.random, means.clock);
  if (set) warn_of_agents(**set, means.log);
  return set;
}

}  // namespace lockstep
