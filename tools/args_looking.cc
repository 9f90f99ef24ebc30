// SPDX-License-Identifier: Apache-2.0
// args_looking.cc: the verbs that look at a store and leave it as it is.
#include "tools/args_parts.h"

namespace lockstep {

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
      "  oasst     Open Assistant message trees; what was imported comes out in its order, and "
      "byte "
      "for\n"
      "            byte if it was written as that data set is (spaces, escapes, order of "
      "fields)\n\n"
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

}  // namespace lockstep
