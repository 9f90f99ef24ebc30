// SPDX-License-Identifier: Apache-2.0
// salvage.cc: the verb `salvage`, which reports the kept and the lost data of a salvage.
#include "engine/base/codes.h"
#include "schema/json/json_text.h"
#include "server/base/printable.h"
#include "tools/base/system.h"
#include "tools/store/access.h"
#include "tools/verbs/backup.h"
#include "tools/verbs/salvager.h"
#include "tools/verbs/verbs.h"

namespace lockstep {
namespace {

void append_left_out(std::string& out, const LeftOut& thread) {
  out += '{';
  append_named(out, thread.thread);
  append_field_number(out, "kept", thread.kept);
  append_field_number(out, "kept_commit", thread.kept_commit.get());
  append_field_number(out, "kept_until", thread.kept_at.get());
  append_field_number(out, "left_out", thread.entries);
  append_field_number(out, "last_commit", thread.last_commit.get());
  append_field_number(out, "last_ts", thread.last_at.get());
  append_field(out, "why", thread.why);
  out += '}';
}

void print_json(const Salvaged& salvaged, const SalvageOptions& options, Terminal& terminal) {
  std::string json = "{";
  append_field_flag(json, "whole", salvaged.whole());
  append_field(json, "data", options.to);
  append_field_number(json, "threads", salvaged.threads);
  append_field_number(json, "entries", salvaged.entries);
  append_field_number(json, "deleted", salvaged.deleted);
  append_field_number(json, "interrupted", salvaged.interrupted);
  append_name(json, "left_out");
  append_array(json, salvaged.left_out, append_left_out);
  append_field_number(json, "missing_commits", salvaged.missing);
  append_field_number(json, "missing_settings", salvaged.settings_missing);
  append_field_number(json, "missing_blobs", salvaged.blobs_missing);
  append_name(json, "damages");
  append_array(json, salvaged.damages,
               [](std::string& out, const std::string& damage) { append_text(out, damage); });
  append_field(json, "new_epoch", epoch_text(salvaged.epochs.current));
  append_field_number(json, "cut", salvaged.last.get());
  terminal.print_json(json + "}\n");
}

std::string place(CommitNumber commit, Timestamp at) {
  std::string text =
      commit == CommitNumber() ? "" : "commit " + std::to_string(commit.get()) + ", ";
  return text + time_text(at);
}

std::string line_of(const LeftOut& thread) {
  std::string line = to_string(thread.thread) + ": ";
  line += thread.kept == 0 ? "all entries"
                           : "all entries after " + place(thread.kept_commit, thread.kept_at) +
                                 " (" + std::to_string(thread.kept) + " are kept)";
  if (thread.last_at != Timestamp()) {
    line += ", up to " + place(thread.last_commit, thread.last_at);
  }
  return line + ": " + thread.why;
}

void print_text(const Salvaged& salvaged, const SalvageOptions& options, Terminal& terminal) {
  const std::string left_out = terminal.ink(Ink::red, "left out") + "  ";
  for (const std::string& damage : salvaged.damages) {
    terminal.print(terminal.ink(Ink::yellow, "damaged") + "   " + printable(damage) + "\n");
  }
  for (const LeftOut& thread : salvaged.left_out) {
    terminal.print(left_out + printable(line_of(thread)) + "\n");
  }
  if (salvaged.missing > 0) {
    terminal.print(left_out + counted(salvaged.missing, "commit") + " up to number " +
                   std::to_string(salvaged.last.get()) +
                   ", in threads that it can't name or that are named above\n");
  }
  if (salvaged.settings_missing > 0) {
    terminal.print(left_out + "the settings of " + counted(salvaged.settings_missing, "run") +
                   "\n");
  }
  if (salvaged.blobs_missing > 0) {
    terminal.print(left_out + counted(salvaged.blobs_missing, "attachment") +
                   ": an upload of the same file brings it back\n");
  }
  if (salvaged.log_torn && salvaged.missing == 0) {
    terminal.print(left_out + "deletions, if the damaged log held any that nothing else records\n");
  }
  terminal.print(counted(salvaged.threads, "thread") + ", " +
                 counted(salvaged.entries, "entry", "entries") + " salvaged to " +
                 printable(options.to) + ": " +
                 (salvaged.whole() ? terminal.ink(Ink::green, "nothing was left out")
                                   : terminal.ink(Ink::red, "something was left out")) +
                 "\n");
  if (salvaged.interrupted > 0) {
    terminal.print("The open runs of " + counted(salvaged.interrupted, "thread") +
                   " ended `interrupted`.\n");
  }
  terminal.print(
      "Epoch " + epoch_text(salvaged.epochs.current) +
      " begins: the server tells fronts that hold entries that were left out, and they can "
      "offer them again.\n");
}

Trouble trouble_of_salvage(const Error& error, const SalvageOptions& options) {
  Trouble trouble = trouble_of(error, options.from);
  if (error.code == codes::denied || error.code == codes::inside) return trouble;
  if (error.code == codes::newer_format) return trouble_of_opening(error, options.from);
  if (error.code == codes::exists) {
    trouble = {ExitCode::failed, error.detail, "Name a folder that is missing or empty."};
  } else if (error.code == codes::no_store || error.code == codes::not_a_store) {
    trouble.advice = "Name the folder of the store: it holds a folder `rocks`.";
  } else if (error.code == codes::locked) {
    trouble.advice = "Stop the process that has it open first.";
  } else if (error.code == codes::no_space || error.kind == Kind::unavailable) {
    trouble.advice = "Make room or name another place (--to), then run the same command again.";
  }
  return trouble;
}

}  // namespace

ExitCode run(const SalvageOptions& options, Terminal& terminal) {
  share(sharing_of(options.from));
  SystemClock clock;
  SystemRandom random;
  Progress progress(terminal, clock, "salvage: entry");
  const auto salvaged = salvage_store(
      {options.from, options.to, [&](std::uint64_t entries) { progress.at(entries); }}, clock,
      random);
  if (!salvaged) return terminal.fail(trouble_of_salvage(salvaged.error(), options));
  if (options.json) print_json(*salvaged, options, terminal);
  if (!options.json) print_text(*salvaged, options, terminal);
  return salvaged->whole() ? ExitCode::ok : ExitCode::failed;
}

}  // namespace lockstep
