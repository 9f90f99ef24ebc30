// SPDX-License-Identifier: Apache-2.0
#include "tools/args.h"

#include <algorithm>
#include <iostream>
#include <sstream>

#include "engine/base/ids.h"
#include "server/base/printable.h"
#include "tools/args_parts.h"
#include "tools/base/version.h"

namespace lockstep {
namespace {

constexpr const char* about =
    "Keeps LLM chats in step between their fronts, a store and a model.\n"
    "What the user sees is what the model sees, on every device, after every fault.";

constexpr const char* exit_codes =
    "Exit codes:\n"
    "  0  done\n"
    "  1  the request failed: not found, refused, or damage was found\n"
    "  2  the command line or a setting is wrong\n"
    "  3  the store can't be opened: it is missing, damaged, in use, or closed to this user\n\n"
    "The verbs that read a store (show, replay, context, export, verify), and backup, also work "
    "next to a\n"
    "running server. NO_COLOR turns colour off. `lockstep VERB --help` shows a verb's options.";

constexpr const char* codes_of_a_verb =
    "\n\nExit codes: 0 done; 1 not found, refused or damaged; 2 a wrong command line or setting; 3 "
    "the store\ncan't be opened.";

// A reader of one verb's help also needs the exit codes.
void add_codes(CLI::App& app) {
  for (CLI::App* verb : app.get_subcommands({})) {
    verb->footer(verb->get_footer() + codes_of_a_verb);
    add_codes(*verb);
  }
}

}  // namespace

std::string check_id(const std::string& text) {
  if (is_id(text)) return {};
  return "`" + text + "` is not an id: use 1 to 128 characters of A-Z a-z 0-9 . _ : -";
}

CLI::Option* not_empty(CLI::Option* option, const char* thing) {
  return option->check([option, thing](const std::string& text) -> std::string {
    if (!text.empty()) return {};
    // CLI11 would put a colon after the name of a message that this returns.
    throw CLI::ConversionError(option->get_name() + " is empty: name a " + thing);
  });
}

void add_user(CLI::App* verb, std::optional<UserId>& user) {
  add_id(verb, "--user", user, "The user; needed if several users have a thread with this id");
}

void add_time(CLI::App* verb, const std::string& name, std::optional<Timestamp>& at,
              const char* about_it) {
  verb->add_option_function<std::uint64_t>(
          name, [&at](const std::uint64_t& number) { at = Timestamp(number); }, about_it)
      ->type_name("TS");
}

void add_data(CLI::App* verb, std::string& data) {
  not_empty(verb->add_option("--data", data, "The folder of the store"), "folder")
      ->required()
      ->envname("LOCKSTEP_DATA")
      ->type_name("DIR");
}

void add_json(CLI::App* verb, bool& json) {
  verb->add_flag("--json", json, "Answer in JSON, for programs");
}

namespace {

// `lockstep help VERB` is `lockstep VERB --help`.
std::vector<std::string> words_of(int count, char** arguments) {
  std::vector<std::string> words(arguments + std::min(count, 1), arguments + count);
  if (words.empty() || words.front() != "help") return words;
  words.erase(words.begin());
  words.emplace_back("--help");
  return words;
}

// CLI11's message, in our form, with the help to read.
std::string what_is_wrong(const CLI::App& app, const CLI::Error& error) {
  std::string asked;
  for (auto verbs = app.get_subcommands(); !verbs.empty();
       verbs = verbs.front()->get_subcommands()) {
    asked += verbs.front()->get_name() + " ";
  }
  std::string what = error.what();
  if (what.contains("subcommand is required")) what = "a verb is missing";
  return "lockstep: " + what + "\n  See `lockstep " + asked + "--help`.\n";
}

}  // namespace

std::variant<Verb, ExitCode> parse_arguments(int count, char** arguments) {
  std::optional<Verb> asked;
  CLI::App app(about, "lockstep");
  app.set_version_flag("--version", std::string("lockstep ") + version());
  app.set_help_flag("--help", "Show this help");
  app.require_subcommand(1);
  app.footer(exit_codes);
  for (const auto add :
       {add_serve, add_replay, add_show, add_context, add_import, add_export, add_verify,
        add_rebuild, add_backup, add_restore, add_salvage, add_token}) {
    add(app, asked);
  }
  add_codes(app);
  app.failure_message(
      [&app](const CLI::App*, const CLI::Error& error) { return what_is_wrong(app, error); });
  std::vector<std::string> words = words_of(count, arguments);
  // For an unknown verb CLI11 would say that a verb is missing.
  const std::string verb = words.empty() ? "" : words.front();
  const auto is_it = [&](const CLI::App* each) { return each->get_name() == verb; };
  if (!verb.empty() && !verb.starts_with('-') &&
      std::ranges::none_of(app.get_subcommands({}), is_it)) {
    Terminal().note("lockstep: there is no verb `" + verb + "`");
    Terminal().note("  `lockstep --help` lists the verbs.");
    return ExitCode::usage;
  }
  try {
    std::ranges::reverse(words);  // CLI11 takes them last one first
    app.parse(std::move(words));
  } catch (const CLI::ParseError& error) {
    // The message may quote an argument, and a script may pass arguments from strangers: their
    // control characters must not reach the terminal.
    std::ostringstream wrong;
    const bool good = app.exit(error, std::cout, wrong) == 0;
    std::cerr << printable(wrong.str());
    return good ? ExitCode::ok : ExitCode::usage;
  }
  return *asked;
}

}  // namespace lockstep
