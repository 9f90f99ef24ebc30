// SPDX-License-Identifier: Apache-2.0
#include "tools/args.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <sstream>

#include "engine/ids.h"
#include "server/config.h"
#include "server/printable.h"
#include "tools/version.h"

namespace lockstep {
namespace {

constexpr const char* about =
    "Keeps LLM chats in step between their fronts, a store and a model.\n"
    "What the user sees is what the model sees, on every device, after every fault.";

constexpr const char* codes =
    "Exit codes:\n"
    "  0  it was done\n"
    "  1  it could not be done: not found, refused, or damage was found\n"
    "  2  the command line or a setting is wrong\n"
    "  3  the store can't be opened, or is corrupt\n\n"
    "All verbs that read a store (show, replay, context, export, verify), and backup, also work "
    "beside a\n"
    "running server. NO_COLOR turns colour off. `lockstep VERB --help` shows a verb's options.";

// A verb under construction: CLI11 writes into `options` while it parses.
template <class Options>
struct MadeVerb {
  CLI::App* verb;
  Options& options;
};

template <class Options>
MadeVerb<Options> add_verb(CLI::App& app, std::optional<Verb>& asked, const char* name,
                           const char* about_it) {
  CLI::App* verb = app.add_subcommand(name, about_it);
  const auto options = std::make_shared<Options>();
  verb->callback([options, &asked] { asked = *options; });
  return {verb, *options};
}

std::string check_id(const std::string& text) {
  if (is_id(text)) return {};
  return "`" + text + "` is no id (1 to 128 of A-Z a-z 0-9 . _ : -)";
}

// Options of types that CLI11 does not know.
template <class Id>
CLI::Option* add_id(CLI::App* verb, const std::string& name, Id& id, const char* about_it) {
  return verb
      ->add_option_function<std::string>(
          name, [&id](const std::string& text) { id = Id(text); }, about_it)
      ->check(check_id, "ID");
}

template <class Id>
CLI::Option* add_id(CLI::App* verb, const std::string& name, std::optional<Id>& id,
                    const char* about_it) {
  return verb
      ->add_option_function<std::string>(
          name, [&id](const std::string& text) { id = Id(text); }, about_it)
      ->check(check_id, "ID");
}

void add_user(CLI::App* verb, std::optional<UserId>& user) {
  add_id(verb, "--user", user, "Whose; needed where several users have a thread of this id");
}

void add_time(CLI::App* verb, const std::string& name, std::optional<Timestamp>& at,
              const char* about_it) {
  verb->add_option_function<std::uint64_t>(
          name, [&at](const std::uint64_t& number) { at = Timestamp(number); }, about_it)
      ->type_name("TS");
}

void add_data(CLI::App* verb, std::string& data) {
  verb->add_option("--data", data, "The folder of the store")
      ->required()
      ->envname("LOCKSTEP_DATA")
      ->type_name("DIR");
}

void add_json(CLI::App* verb, bool& json) {
  verb->add_flag("--json", json, "Answer in JSON, for programs");
}

// `--log-level` for the setting `log_level`.
std::string flag_of(std::string name) {
  std::ranges::replace(name, '_', '-');
  return "--" + name;
}

void add_serve(CLI::App& app, std::optional<Verb>& asked) {
  const auto [verb, options] =
      add_verb<ServeOptions>(app, asked, "serve", "Serve threads over HTTP and WebSocket");
  for (const Setting& setting : settings()) {
    const std::string name(setting.name);
    verb->add_option_function<std::string>(
            flag_of(name),
            [&options, name](const std::string& text) { options.flags.emplace_back(name, text); },
            std::string(setting.help))
        ->type_name("TEXT");
  }
  verb->add_option("--config", options.config, "the configuration, TOML")->type_name("FILE");
  verb->footer(
      "Flags come before the environment (LOCKSTEP_DATA, LOCKSTEP_LISTEN, …), that before the "
      "file.\n"
      "SIGINT or SIGTERM stops in good order: running runs end `interrupted`, with all that was "
      "shown\n"
      "kept. A second signal stops at once; nothing that was acknowledged is lost by that "
      "either.\n"
      "SIGHUP reads tokens and agents again; the token file is watched too.\n\n"
      "Example:\n  lockstep serve --data ./data --listen 127.0.0.1:7070");
}

void add_show(CLI::App& app, std::optional<Verb>& asked) {
  const auto [verb, options] =
      add_verb<ShowOptions>(app, asked, "show", "Show the threads, or one as a tree");
  add_id(verb, "thread", options.thread, "The thread; without it all are listed");
  add_user(verb, options.user);
  add_id(verb, "--message", options.message, "One message, whole");
  add_time(verb, "--at", options.at, "As it was at this timestamp");
  verb->add_flag("--events", options.events, "The entries of its log, one a line");
  add_data(verb, options.data);
  add_json(verb, options.json);
  verb->footer(
      "Examples:\n"
      "  lockstep show --data ./data\n"
      "  lockstep show my-thread --data ./data\n"
      "  lockstep show my-thread --data ./data --events\n"
      "  lockstep show my-thread --data ./data --message m-12 --at 1795374485123456");
}

void add_replay(CLI::App& app, std::optional<Verb>& asked) {
  const auto [verb, options] =
      add_verb<ReplayOptions>(app, asked, "replay", "Show a thread being written again as it was");
  add_id(verb, "thread", options.thread, "The thread")->required();
  add_user(verb, options.user);
  add_time(verb, "--from", options.from, "Start with the thread as it was at this timestamp");
  add_time(verb, "--to", options.to, "Stop at this timestamp");
  verb->add_option("--speed", options.speed, "Times as fast as it was; 0: at once")
      ->check(CLI::Range(0.0, 1e9))
      ->capture_default_str();
  verb->add_option("--pause-max", options.pause_max,
                   "Longer pauses are shortened to this, in seconds")
      ->check(CLI::Range(0.0, 1e9))
      ->capture_default_str();
  add_data(verb, options.data);
  add_json(verb, options.json);
  verb->footer(
      "On a terminal the text grows, and shrinks where it was cut. In a pipe each entry is a line, "
      "and\n"
      "the thread as it then stood comes last.\n\n"
      "Example:\n  lockstep replay my-thread --data ./data --speed 4");
}

void add_context(CLI::App& app, std::optional<Verb>& asked) {
  const auto [verb, options] =
      add_verb<ContextOptions>(app, asked, "context", "Show what the model was given in a run");
  add_id(verb, "thread", options.thread, "The thread")->required();
  add_user(verb, options.user);
  add_id(verb, "run", options.run, "The run")->required();
  add_data(verb, options.data);
  add_json(verb, options.json);
  verb->footer("Example:\n  lockstep context my-thread r-7 --data ./data");
}

void add_import(CLI::App& app, std::optional<Verb>& asked) {
  const auto [verb, options] =
      add_verb<ImportOptions>(app, asked, "import", "Take threads in from a file");
  verb->add_option("file", options.file, "The file; `-` is standard input")->required();
  verb->add_option_function<std::string>(
          "--user", [&options](const std::string& user) { options.user = UserId(user); },
          "Whose the threads are to be (oasst, messages; what `export` wrote brings its owners "
          "along)")
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
      "            --user stands for a `user` that is left out, and comes before one that is "
      "there\n"
      "What is there already is left as it is: importing a file again changes nothing. The server "
      "must\n"
      "not be running on the folder.\n\n"
      "Example:\n  lockstep import trees.jsonl --format oasst --user alice --data ./data");
}

void add_export(CLI::App& app, std::optional<Verb>& asked) {
  const auto [verb, options] =
      add_verb<ExportOptions>(app, asked, "export", "Write threads to a file");
  verb->add_option_function<std::vector<std::string>>(
          "threads",
          [&options](const std::vector<std::string>& ids) {
            for (const std::string& id : ids) options.threads.emplace_back(id);
          },
          "The threads")
      ->check(check_id, "ID");
  verb->add_flag("--all", options.all, "All threads");
  add_user(verb, options.user);
  options.format = "jsonl";
  options.out = "-";
  verb->add_option("--format", options.format, "How to write")
      ->check(CLI::IsMember({"jsonl", "messages", "markdown", "oasst"}))
      ->capture_default_str();
  verb->add_option("--out", options.out, "Where to; `-` is standard output")
      ->type_name("FILE")
      ->capture_default_str();
  add_data(verb, options.data);
  add_json(verb, options.json);
  verb->footer(
      "  jsonl     the whole history, entry by entry; importing it gives the same store again\n"
      "  messages  the messages as they stand, one a line, as fronts see them\n"
      "  markdown  the conversation at the head, to read\n"
      "  oasst     Open Assistant message trees; trees that were imported come out byte for "
      "byte\n\n"
      "Example:\n  lockstep export --all --format jsonl --out backup.jsonl --data ./data");
}

void add_verify(CLI::App& app, std::optional<Verb>& asked) {
  const auto [verb, options] = add_verb<VerifyOptions>(
      app, asked, "verify", "Read the whole store, and say what in it is damaged");
  add_data(verb, options.data);
  add_json(verb, options.json);
  verb->footer(
      "Checks every row's checksum, that no entry is missing, that every entry can have happened, "
      "and\n"
      "that all that is derived from the log equals its fold. Changes nothing. Exit code 1: "
      "damage.\n\n"
      "Example:\n  lockstep verify --data ./data");
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
}

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

}  // namespace

std::variant<Verb, ExitCode> parse_arguments(int count, char** arguments) {
  std::optional<Verb> asked;
  CLI::App app(about, "lockstep");
  app.set_version_flag("--version", std::string("lockstep ") + version());
  app.set_help_flag("--help", "Say what there is");
  app.require_subcommand(1);
  app.footer(codes);
  for (const auto add :
       {add_serve, add_replay, add_show, add_context, add_import, add_export, add_verify,
        add_rebuild, add_backup, add_restore, add_salvage, add_token}) {
    add(app, asked);
  }
  // CLI11 would say that a verb is missing.
  const std::string verb = count > 1 ? arguments[1] : "";
  const auto is_it = [&](const CLI::App* each) { return each->get_name() == verb; };
  if (!verb.empty() && !verb.starts_with('-') &&
      std::ranges::none_of(app.get_subcommands({}), is_it)) {
    Terminal().note("lockstep: there is no verb `" + verb + "`");
    Terminal().note("  `lockstep --help` lists the verbs.");
    return ExitCode::usage;
  }
  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& error) {
    // What is wrong may quote an argument, which a script may have taken from anywhere.
    std::ostringstream wrong;
    const bool good = app.exit(error, std::cout, wrong) == 0;
    std::cerr << printable(wrong.str());
    return good ? ExitCode::ok : ExitCode::usage;
  }
  return *asked;
}

}  // namespace lockstep
