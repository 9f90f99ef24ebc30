// SPDX-License-Identifier: Apache-2.0
// args_making.cc: the verbs that serve, make or change a store.
#include <algorithm>

#include "server/base/config.h"
#include "server/inference/agent_config.h"
#include "tools/args_parts.h"

namespace lockstep {
namespace {

// `--log-level` for the setting `log_level`.
std::string flag_of(std::string name) {
  std::ranges::replace(name, '_', '-');
  return "--" + name;
}

// The settings of an agent. Only the file can have them.
std::string agent_lines() {
  constexpr std::size_t column = 30;
  std::string lines;
  for (const AgentSetting& setting : agent_settings()) {
    std::string line = "  " + std::string(setting.name);
    line.resize(std::max(line.size() + 1, column), ' ');
    line += std::string(setting.kinds) + ": " + std::string(setting.help);
    if (!setting.fallback.empty()) line += " [" + std::string(setting.fallback) + "]";
    lines += line + "\n";
  }
  return lines;
}

}  // namespace

void add_serve(CLI::App& app, std::optional<Verb>& asked) {
  const auto [verb, options] =
      add_verb<ServeOptions>(app, asked, "serve", "Serve threads over HTTP and WebSocket");
  for (const Setting& setting : settings()) {
    const std::string name(setting.name);
    verb->add_option_function<std::string>(
            flag_of(name),
            [&options, name](const std::string& text) { options.flags.emplace_back(name, text); },
            std::string(setting.help))
        ->type_name("TEXT")
        ->default_str(std::string(setting.fallback));
  }
  verb->add_option("--config", options.config, "the configuration file (TOML)")->type_name("FILE");
  verb->add_flag("--check-config", options.check_config,
                 "Explain the settings and every agent, and do not serve; exit code 1: they are "
                 "wrong");
  verb->footer(
      std::string(
          "Flags override the environment (LOCKSTEP_DATA, LOCKSTEP_LISTEN, …), which overrides "
          "the file.\n"
          "SIGINT or SIGTERM stops the server gracefully: running runs end `interrupted`, and keep "
          "all\n"
          "text that was shown. A second signal stops it at once; this loses no acknowledged "
          "change either.\n"
          "SIGHUP reads tokens and agents again; the server also watches the token file.\n\n"
          "An agent is a table [agents.NAME] of the file. Without any, the server has one agent, "
          "`default`,\n"
          "of kind demo. The settings of an agent:\n") +
      agent_lines() +
      "\ndocs/operating.md explains each setting, docs/agents.md those of agents.\n\n"
      "Example:\n  lockstep serve --data ./data --listen 127.0.0.1:7717\n"
      "  lockstep serve --data ./data --config lockstep.toml --tokens tokens.toml\n"
      "  lockstep serve --config lockstep.toml --check-config");
}

void add_import(CLI::App& app, std::optional<Verb>& asked) {
  const auto [verb, options] =
      add_verb<ImportOptions>(app, asked, "import", "Import threads from a file");
  not_empty(verb->add_option("file", options.file, "The file; `-` is standard input"), "file")
      ->required();
  verb->add_option_function<std::string>(
          "--user", [&options](const std::string& user) { options.user = UserId(user); },
          "The user who gets the threads; without it, the users that the file names (oasst names "
          "no user)")
      ->type_name("NAME");
  options.format = "jsonl";
  verb->add_option("--format", options.format, "The format of the file")
      ->check(CLI::IsMember({"jsonl", "oasst", "messages"}))
      ->capture_default_str();
  add_data(verb, options.data);
  add_json(verb, options.json);
  verb->footer(
      "  jsonl     whole histories, the output of `export --format jsonl`\n"
      "  oasst     Open Assistant message trees, one per line\n"
      "  messages  {\"user\":…,\"thread\":…,\"message\":{\"id\":…,\"parent\":…,\"role\":…,"
      "\"text\":…}}, one per line\n"
      "With --user, all threads of the file become that user's. If two users have a thread with "
      "the same\n"
      "id, the import refuses both. Import each user's file with another --user.\n"
      "An import keeps what the store has: importing a file again changes nothing. Stop the server "
      "on\n"
      "this folder first.\n\n"
      "Example:\n  lockstep import trees.jsonl --format oasst --user alice --data ./data");
}

void add_rebuild(CLI::App& app, std::optional<Verb>& asked) {
  const auto [verb, options] = add_verb<RebuildOptions>(
      app, asked, "rebuild", "Make the data that is derived from the log again");
  add_data(verb, options.data);
  add_json(verb, options.json);
  verb->footer(
      "The snapshots (table `views`), the list of threads, the open runs and the feed are caches "
      "of the\n"
      "log. A rebuild does not change the log itself. Stop the server on this folder first.\n\n"
      "Example:\n  lockstep rebuild --data ./data");
}

void add_backup(CLI::App& app, std::optional<Verb>& asked) {
  const auto [verb, options] = add_verb<BackupOptions>(
      app, asked, "backup", "Back up the store, also while a server runs on it");
  using Action = BackupOptions::Action;
  const auto look = [to = verb, &options](const char* name, Action action, const char* about_it) {
    return to->add_flag_callback(name, [&options, action] { options.action = action; }, about_it);
  };
  CLI::Option* list = look("--list", Action::list, "List the backups");
  CLI::Option* verify =
      look("--verify", Action::verify, "Read all backups, and name the damaged ones");
  list->excludes(verify);
  not_empty(verb->add_option("--data", options.data, "The folder of the store"), "folder")
      ->envname("LOCKSTEP_DATA")
      ->type_name("DIR");
  not_empty(verb->add_option("--to", options.to,
                             "The folder of the backups; backup makes it if it is missing"),
            "folder")
      ->required()
      ->type_name("DIR");
  verb->add_option("--keep", options.keep,
                   "Keep this many of the newest backups, and remove the others")
      ->check(CLI::Range(1, 1'000'000));
  add_json(verb, options.json);
  verb->footer(
      "A server that has the store open makes the backup itself while it serves; without a server "
      "this\n"
      "command makes it. A backup has every change that was acknowledged when you asked for it. It "
      "copies\n"
      "only new files and the write-ahead log, and backups share files: copy or remove the folder "
      "as a\n"
      "whole. Every file has a checksum; --verify reads all files, and exits with 1 if one is "
      "damaged.\n\n"
      "Examples:\n"
      "  lockstep backup --data ./data --to /backups --keep 7\n"
      "  lockstep backup --list --to /backups\n"
      "  lockstep backup --verify --to /backups");
}

void add_restore(CLI::App& app, std::optional<Verb>& asked) {
  const auto [verb, options] =
      add_verb<RestoreOptions>(app, asked, "restore", "Make a store from a backup");
  not_empty(verb->add_option("--from", options.from, "The folder of the backups"), "folder")
      ->required()
      ->type_name("DIR");
  not_empty(
      verb->add_option("--data", options.data, "The folder of the new store: missing or empty"),
      "folder")
      ->required()
      ->type_name("DIR");
  verb->add_option("--backup", options.backup, "The number of the backup; without it, the newest")
      ->type_name("NUMBER");
  add_json(verb, options.json);
  verb->footer(
      "A restore reads every checksum first. The restored history has a new epoch: the server "
      "tells each\n"
      "front that holds entries from after the backup, and the front can offer them again; other "
      "fronts go\n"
      "on as before. If a restore is interrupted, no server opens the folder: run the same command "
      "again.\n\n"
      "Example:\n  lockstep restore --from /backups --data ./restored");
}

void add_salvage(CLI::App& app, std::optional<Verb>& asked) {
  const auto [verb, options] = add_verb<SalvageOptions>(
      app, asked, "salvage", "Make a store from the good part of a damaged one");
  not_empty(verb->add_option("--from", options.from, "The damaged store; salvage only reads it"),
            "folder")
      ->required();
  not_empty(verb->add_option("--to", options.to, "The folder of the new store: missing or empty"),
            "folder")
      ->required();
  add_json(verb, options.json);
  verb->footer(
      "Keeps the entries of each thread before its first damaged or missing one, and lists the "
      "rest.\n\n"
      "Example:\n  lockstep salvage --from ./data --to ./salvaged");
}

namespace {

void add_token_action(CLI::App* token, std::optional<Verb>& asked, TokenOptions::Action action) {
  using Action = TokenOptions::Action;
  const char* name = action == Action::create ? "create"
                     : action == Action::list ? "list"
                                              : "revoke";
  const char* about_it = action == Action::create ? "Make a token and show it, this once"
                         : action == Action::list ? "List the tokens' names and users"
                                                  : "Revoke a token";
  const auto [verb, options] = add_verb<TokenOptions>(*token, asked, name, about_it);
  options.action = action;
  if (action != TokenOptions::Action::list) {
    verb->add_option("name", options.name, "The token's name, such as `alices-phone`")->required();
  }
  if (action == TokenOptions::Action::create) {
    verb->add_option_function<std::string>(
            "--user", [&options](const std::string& user) { options.user = UserId(user); },
            "The user of this token")
        ->type_name("NAME");
    verb->add_option(
            "--produce", options.produce,
            "A worker's token instead: it may claim runs of these agents, and nothing else")
        ->type_name("AGENT");
  }
  not_empty(verb->add_option("--file", options.file, "The file of tokens"), "file")
      ->required()
      ->envname("LOCKSTEP_TOKENS")
      ->type_name("FILE");
  add_json(verb, options.json);
  const std::string named = action == Action::list     ? ""
                            : action == Action::create ? " alices-phone --user alice"
                                                       : " alices-phone";
  verb->footer("Example:\n  lockstep token " + std::string(name) + named + " --file tokens");
}

}  // namespace

void add_token(CLI::App& app, std::optional<Verb>& asked) {
  CLI::App* token =
      app.add_subcommand("token", "Make, list and revoke the access tokens of fronts");
  token->require_subcommand(1);
  using Action = TokenOptions::Action;
  for (const Action action : {Action::create, Action::list, Action::revoke}) {
    add_token_action(token, asked, action);
  }
  token->footer(
      "The file holds only hashes. If a token is lost, revoke it and make another one.\n\n"
      "Example:\n  lockstep token create alices-phone --user alice --file tokens");
}

}  // namespace lockstep
