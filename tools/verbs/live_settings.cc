// SPDX-License-Identifier: Apache-2.0
#include "tools/verbs/live_settings.h"

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <memory>
#include <utility>

#include "engine/base/codes.h"
#include "engine/base/try.h"
#include "server/base/limits.h"
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

std::string next_of(const std::string& warning) {
  if (warning == "key_unset")
    return "set the variable and start the server again; until then runs of this agent fail";
  if (warning == "key_too_short")
    return "use a longer key: this one is too short to be redacted in answers of the model server";
  return "fronts see `params`, and the log keeps them: put a key into `api_key_env` instead";
}

void warn_of_agents(const AgentSet& agents, LineLog& log) {
  for (const AgentWarning& warning : agents.warnings()) {
    const bool of_params = warning.event == "params_are_shown";
    log.error(warning.event, {{"agent", warning.agent},
                              {of_params ? "member" : "variable", warning.what},
                              {"next", next_of(warning.event)}});
  }
}

}  // namespace

FileStamp::FileStamp(const std::string& path) {
  struct stat is{};
  if (path.empty() || ::stat(path.c_str(), &is) != 0) return;
  says_ = {static_cast<std::int64_t>(is.st_dev),
           static_cast<std::int64_t>(is.st_ino),
           is.st_size,
           is.st_mtim.tv_sec,
           is.st_mtim.tv_nsec,
           is.st_ctim.tv_sec,
           is.st_ctim.tv_nsec};
}

Result<std::unique_ptr<AgentSet>> open_agents(const Config& config,
                                              const boost::asio::any_io_executor& executor,
                                              Random& random, LineLog& log) {
  TRY_LET(agents, agents_of(config));
  auto set = AgentSet::open(agents, executor, random);
  if (set) warn_of_agents(**set, log);
  return set;
}

LiveSettings::LiveSettings(Parts parts, FileStamp read)
    : parts_(std::move(parts)),
      read_(read),
      seen_(read),
      hang_ups_(parts_.context, [this] { read_all(); }) {
  if (!parts_.tokens.empty()) look();
}

void LiveSettings::read_all() {
  parts_.log.info("reading_settings", {{"why", "SIGHUP"}});
  if (!parts_.tokens.empty()) read_tokens();
  read_agents();
}

void LiveSettings::read_tokens() {
  read_ = seen_ = FileStamp(parts_.tokens);
  auto fresh = Auth::open(parts_.tokens, Auth::Least::no_token);
  if (!fresh) {
    parts_.log.error("tokens_not_read",
                     {{"why", fresh.error().detail},
                      {"next", "mend the file; until then the former tokens count"}});
    return;
  }
  parts_.auth = std::move(*fresh);
  parts_.tokens_changed();
  parts_.log.info("tokens_read", {{"tokens", parts_.auth.tokens().size()}});
}

namespace {

// While an editor writes over a file, it is empty for a moment. At a start an empty file is
// allowed; here it would remove every agent.
Result<Config> load_again(const ConfigSources& sources) {
  std::error_code unknown;
  if (!sources.file.empty() && std::filesystem::file_size(sources.file, unknown) == 0) {
    return fail(Kind::rejected, codes::invalid,
                sources.file + " is empty: the former settings stay");
  }
  return load_config(sources);
}

}  // namespace

void LiveSettings::read_agents() {
  auto config = load_again(parts_.sources);
  auto set = config ? open_agents(*config, parts_.context.get_executor(), parts_.random, parts_.log)
                    : std::unexpected(config.error());
  if (!set) {
    parts_.log.error("agents_not_read",
                     {{"why", set.error().detail},
                      {"next", "mend the file; until then the former agents count"}});
    return;
  }
  parts_.agents.replace(std::move(*set));
  parts_.log.info("agents_read", {{"agents", config->agents.size()}});
}

void LiveSettings::look() {
  parts_.executor.post_after(limits::tokens_look, alive_.guard([this] {
    const FileStamp now(parts_.tokens);
    const bool stays = now == std::exchange(seen_, now);
    if (stays && now != read_) read_tokens();
    look();
  }));
}

}  // namespace lockstep
