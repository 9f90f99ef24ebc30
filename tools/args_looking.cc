// SPDX-License-Identifier: Apache-2.0
// args_looking.cc: the verbs that only read a store.
#include "tools/args_parts.h"

namespace lockstep {

void add_show(CLI::App& app, std::optional<Verb>& asked) {
  const auto [verb, options] =
      add_verb<ShowOptions>(app, asked, "show", "List the threads, or show one as a tree");
  add_id(verb, "thread", options.thread, "The thread; without it, show lists all threads");
  add_user(verb, options.user);
  add_id(verb, "--message", options.message, "Show this message in full");
  add_time(verb, "--at", options.at, "Show the thread as it was at this timestamp");
  verb->add_flag("--events", options.events, "Show the entries of its log, one per line");
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
      add_verb<ReplayOptions>(app, asked, "replay", "Replay how a thread was written");
  add_id(verb, "thread", options.thread, "The thread")->required();
  add_user(verb, options.user);
  add_time(verb, "--from", options.from, "Start with the thread as it was at this timestamp");
  add_time(verb, "--to", options.to, "Stop at this timestamp");
  verb->add_option("--speed", options.speed, "Times as fast as the original; 0: without pauses")
      ->check(CLI::Range(0.0, 1e9))
      ->capture_default_str();
  verb->add_option("--pause-max", options.pause_max, "The longest pause, in seconds")
      ->check(CLI::Range(0.0, 1e9))
      ->capture_default_str();
  add_data(verb, options.data);
  add_json(verb, options.json);
  verb->footer(
      "On a terminal, the text grows, and shrinks where it was cut. In a pipe, replay prints a "
      "line for\n"
      "each event, and then the thread as it is at the end.\n\n"
      "Example:\n  lockstep replay my-thread --data ./data --speed 4");
}

void add_context(CLI::App& app, std::optional<Verb>& asked) {
  const auto [verb, options] =
      add_verb<ContextOptions>(app, asked, "context", "Show the model's input in a run");
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
  verb->add_flag("--all", options.all, "Export all threads");
  add_user(verb, options.user);
  options.format = "jsonl";
  options.out = "-";
  verb->add_option("--format", options.format, "The format of the file")
      ->check(CLI::IsMember({"jsonl", "messages", "markdown", "oasst"}))
      ->capture_default_str();
  not_empty(verb->add_option("--out", options.out, "The file to write; `-` is standard output"),
            "file")
      ->type_name("FILE")
      ->capture_default_str();
  add_data(verb, options.data);
  add_json(verb, options.json);
  verb->footer(
      "  jsonl     the whole history, entry by entry; an import makes the same threads again\n"
      "  messages  the messages as fronts see them now, one per line\n"
      "  markdown  the conversation up to the head, as a document\n"
      "  oasst     Open Assistant message trees; imported trees keep their order, and come out\n"
      "            byte for byte if they came in as that data set is written (spaces, escapes,\n"
      "            order of fields)\n\n"
      "Example:\n  lockstep export --all --format jsonl --out backup.jsonl --data ./data");
}

void add_verify(CLI::App& app, std::optional<Verb>& asked) {
  const auto [verb, options] =
      add_verb<VerifyOptions>(app, asked, "verify", "Read the whole store, and list its damage");
  add_data(verb, options.data);
  add_json(verb, options.json);
  verb->footer(
      "Checks the checksum of each row, that no entry is missing, that each entry can follow the "
      "one\n"
      "before it, and that the derived data (snapshots, lists, feed, open runs) agrees with the "
      "log.\n"
      "Changes nothing. Exit code 1: damage.\n\n"
      "Example:\n  lockstep verify --data ./data");
}

}  // namespace lockstep
