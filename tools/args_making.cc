// SPDX-License-Identifier: Apache-2.0
// args_making.cc: the verbs that serve a store, or that make or change one.
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

// The settings of an agent, which are in the file alone.
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
  verb->add_option("--config", options.config, "the configuration, TOML")->type_name("FILE");
  verb->footer(
      std::string(
          "Flags come before the environment (LOCKSTEP_DATA, LOCKSTEP_LISTEN, …), that before the "
          "file.\n"
          "SIGINT or SIGTERM stops in good order: running runs end `interrupted`, with all that "
          "was "
          "shown\n"
          "kept. A second signal stops at once; nothing that was acknowledged is lost by that "
          "either.\n"
          "SIGHUP reads tokens and agents again; the token file is watched too.\n\n"
          "An agent is a table [agents.NAME] of the file; without any there is one, `default`, of "
          "kind "
          "demo:\n") +
      agent_lines() +
      "\ndocs/operating.md says more of each.\n\n"
      "Example:\n  lockstep serve --data ./data --listen 127.0.0.1:7717\n"
      "  lockstep serve --data ./data --config lockstep.toml --tokens tokens.toml");
}

void add_import(CLI::App& app, std::optional<Verb>& asked) {
  const auto [verb, options] =
      add_verb<ImportOptions>(app, asked, "import", "Take threads in from a file");
  verb->add_option("file", options.file, "The file; `-` is standard input")->required();
  verb->add_option_function<std::string>(
          "--user", [&options](const std::string& user) { options.user = UserId(user); },
          "Whose the threads are to be; without it, whose the file says they are (oasst does "
          "not say)")
      ->type_name("NAME");
  options.format = "jsonl";
  verb->add_option("--format", options.format, "How the file is written")
      ->check(CLI::IsMember({"jsonl", "oasst", "messages"}))
      ->capture_default_str();
  add_data(verb, options.data);
  add_json(verb, options.json);
  verb->footer(
      "  jsonl     what `export --format jsonl` wrote: whole histories\n"
      "  oasst     Open Assistant message trees, a tree a line\n"
      "  messages  {\"user\":…,\"thread\":…,\"message\":{\"id\":…,\"parent\":…,\"role\":…,"
      "\"text\":…}} a line;\n"
      "With --user all threads become that user's, whosever they were. Two users' "
      "threads of\n"
      "one id are refused: import each user's into a user of its own.\n"
      "What is there already is left as it is: importing a file again changes nothing. The server "
      "must\n"
      "not be running on the folder.\n\n"
      "Example:\n  lockstep import trees.jsonl --format oasst --user alice --data ./data");
}

void add_rebuild(CLI::App& app, std::optional<Verb>& asked) {
  const auto [verb, options] = add_verb<RebuildOptions>(
      app, asked, "rebuild", "Make all that is derived from the log again");
  add_data(verb, options.data);
  add_json(verb, options.json);
  verb->footer(
      "The views, the list of threads, the open runs and the feed are caches of the log. The log "
      "itself\n"
      "is not touched. The server must not be running on the folder.\n\n"
      "Example:\n  lockstep rebuild --data ./data");
}

void add_backup(CLI::App& app, std::optional<Verb>& asked) {
  const auto [verb, options] =
      add_verb<BackupOptions>(app, asked, "backup", "Copy the store, also while it is served");
  using Action = BackupOptions::Action;
  const auto look = [to = verb, &options](const char* name, Action action, const char* about_it) {
    return to->add_flag_callback(name, [&options, action] { options.action = action; }, about_it);
  };
  CLI::Option* list = look("--list", Action::list, "Say what backups there are");
  CLI::Option* verify =
      look("--verify", Action::verify, "Read all of them, and say what is damaged");
  list->excludes(verify);
  verb->add_option("--data", options.data, "The folder of the store")
      ->envname("LOCKSTEP_DATA")
      ->type_name("DIR");
  verb->add_option("--to", options.to, "The folder of the backups; it is made if it is not there")
      ->required()
      ->type_name("DIR");
  verb->add_option("--keep", options.keep, "Keep so many of the newest, and remove the others")
      ->check(CLI::Range(1, 1'000'000));
  add_json(verb, options.json);
  verb->footer(
      "A server that has the store open makes the backup itself, beside its work; else this does. "
      "What\n"
      "was durable when it was asked for is in it. Only what is new is copied: backups share "
      "files, "
      "so\n"
      "copy or remove the folder as a whole. Every file has a checksum; --verify reads them all, "
      "and\n"
      "exits with 1 if one is damaged.\n\n"
      "Examples:\n"
      "  lockstep backup --data ./data --to /backups --keep 7\n"
      "  lockstep backup --list --to /backups\n"
      "  lockstep backup --verify --to /backups");
}

void add_restore(CLI::App& app, std::optional<Verb>& asked) {
  const auto [verb, options] =
      add_verb<RestoreOptions>(app, asked, "restore", "Make a store of a backup");
  verb->add_option("--from", options.from, "The folder of the backups")
      ->required()
      ->type_name("DIR");
  verb->add_option("--data", options.data, "Where the store is to be: not there, or empty")
      ->required()
      ->type_name("DIR");
  verb->add_option("--backup", options.backup, "Which one; without it the newest")
      ->type_name("NUMBER");
  add_json(verb, options.json);
  verb->footer(
      "Checksums come first. The history then has a new epoch: fronts that hold what came after "
      "the\n"
      "backup are told so, and can offer it; for the others all goes on as if nothing had been. If "
      "it\n"
      "is cut short, no server opens the folder, and the same command does it again.\n\n"
      "Example:\n  lockstep restore --from /backups --data ./restored");
}

void add_salvage(CLI::App& app, std::optional<Verb>& asked) {
  const auto [verb, options] = add_verb<SalvageOptions>(
      app, asked, "salvage", "Make a store of what is left of a damaged one");
  verb->add_option("--from", options.from, "The damaged store; it is only read")->required();
  verb->add_option("--to", options.to, "The new store: a folder not there, or empty")->required();
  add_json(verb, options.json);
  verb->footer(
      "Keeps of each thread all before its first damaged or missing entry, and names the rest.\n\n"
      "Example:\n  lockstep salvage --from ./data --to ./salvaged");
}

namespace {

void add_token_action(CLI::App* token, std::optional<Verb>& asked, TokenOptions::Action action) {
  using Action = TokenOptions::Action;
  const char* name = action == Action::create ? "create"
                     : action == Action::list ? "list"
                                              : "revoke";
  const char* about_it = action == Action::create ? "Make a token; it is shown this once"
                         : action == Action::list ? "List the tokens' names and users"
                                                  : "Make a token worthless";
  const auto [verb, options] = add_verb<TokenOptions>(*token, asked, name, about_it);
  options.action = action;
  if (action != TokenOptions::Action::list) {
    verb->add_option("name", options.name, "The token's name, such as `alices-phone`")->required();
  }
  if (action == TokenOptions::Action::create) {
    verb->add_option_function<std::string>(
            "--user", [&options](const std::string& user) { options.user = UserId(user); },
            "Who comes with this token")
        ->required()
        ->type_name("NAME");
  }
  verb->add_option("--file", options.file, "The file of tokens")
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
      app.add_subcommand("token", "Make, list and revoke the tokens that fronts come with");
  token->require_subcommand(1);
  using Action = TokenOptions::Action;
  for (const Action action : {Action::create, Action::list, Action::revoke}) {
    add_token_action(token, asked, action);
  }
  token->footer(
      "The file holds only hashes: a token that is lost is made anew.\n\n"
      "Example:\n  lockstep token create alices-phone --user alice --file tokens");
}

}  // namespace lockstep
