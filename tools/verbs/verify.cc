// SPDX-License-Identifier: Apache-2.0
// verify.cc: the verb `verify`: reads the whole store and lists its damage.
#include "tools/verbs/verify.h"

#include "engine/rocks/rocks_log.h"
#include "schema/json/json_text.h"
#include "server/base/printable.h"
#include "tools/store/crash_mark_file.h"
#include "tools/store/reading.h"
#include "tools/verbs/verbs.h"

namespace lockstep {
namespace {

std::string text_of(const Finding& problem) {
  std::string line = problem.where;
  if (problem.at != Timestamp()) line += ", entry " + std::to_string(problem.at.get());
  return line + ": " + problem.what;
}

void print_json(const Verification& found, const std::string& data, Terminal& terminal) {
  std::string json = "{";
  append_field_flag(json, "ok", found.problems.empty());
  append_field(json, "data", data);
  append_field_number(json, "threads", found.threads);
  append_field_number(json, "entries", found.entries);
  append_field_number(json, "bytes", found.bytes);
  append_field_number(json, "blobs", found.blobs);
  append_name(json, "problems");
  append_array(json, found.problems, [](std::string& out, const Finding& problem) {
    out += '{';
    append_field(out, "where", problem.where);
    if (problem.thread) append_named(out, *problem.thread);
    if (problem.at != Timestamp()) append_field_number(out, "ts", problem.at.get());
    append_field(out, "what", problem.what);
    out += '}';
  });
  append_field_flag(json, "more", found.more_problems);
  terminal.print_json(json + "}\n");
}

void print_text(const Verification& found, const std::string& data, Terminal& terminal) {
  for (const Finding& problem : found.problems) {
    terminal.print(terminal.ink(Ink::red, "damaged") + "  " + printable(text_of(problem)) + "\n");
  }
  if (found.more_problems) terminal.print("… and more\n");
  terminal.print(counted(found.threads, "thread") + ", " +
                 counted(found.entries, "entry", "entries") + ", " + counted(found.blobs, "blob") +
                 ", " + counted(found.bytes, "byte") + " in " + data + ": " +
                 (found.problems.empty() ? terminal.ink(Ink::green, "no damage")
                                         : terminal.ink(Ink::red, "damaged")) +
                 "\n");
}

// Reports the thread that a process was opening when it died: the next start would quarantine it.
// While a server runs, the file names a thread that it opens right now, so it is not read.
void add_crash_mark(const std::string& data, Verification& found) {
  if (!FolderLock::take(data, FolderLock::Mode::shared)) return;
  const auto crash_mark = read_crash_mark_in(data);
  if (!crash_mark) {
    found.problems.push_back({"the file `opening`",
                              {},
                              {},
                              crash_mark.error().detail + "; the next start writes it again"});
  } else if (*crash_mark) {
    const NamedThread thread{{}, **crash_mark};
    found.problems.push_back({to_string(thread),
                              thread,
                              {},
                              "the process died while it opened this thread: the next start "
                              "quarantines the thread, unless you rebuild first"});
  }
}

}  // namespace

ExitCode run(const VerifyOptions& options, Terminal& terminal) {
  auto reader = StoreReader::open(options.data);
  const std::string refused = reader ? "" : reader.error().detail;
  // A table that can't be opened must not hide the state of the other tables.
  if (!reader && reader.error().kind == Kind::corrupt) {
    constexpr bool opens_damaged_tables = true;
    auto again = StoreReader::open(options.data, opens_damaged_tables);
    if (again) reader = std::move(again);
  }
  if (!reader) return terminal.fail(trouble_of_opening(reader.error(), options.data));
  SystemClock clock;
  Progress progress(terminal, clock, "verify: entry");
  Verifier verifier((*reader)->rocks().kv(), (*reader)->store());
  auto found = verifier.run([&](std::uint64_t entries) { progress.at(entries); });
  if (!found) return terminal.fail(trouble_of_opening(found.error(), options.data));
  const auto blobs = check_blobs(options.data, *found);
  if (!blobs) return terminal.fail(trouble_of_opening(blobs.error(), options.data));
  // All rows may be good and a filter block damaged, which only some reads use.
  const auto tables = (*reader)->rocks().kv().damaged_tables();
  for (const TableDamage& damage : tables) {
    found->problems.push_back({"the tables", {}, {}, damage.what});
  }
  if (tables.empty() && !refused.empty()) found->problems.push_back({"the store", {}, {}, refused});
  add_crash_mark(options.data, *found);
  if (options.json) print_json(*found, options.data, terminal);
  if (!options.json) print_text(*found, options.data, terminal);
  if (found->problems.empty()) return ExitCode::ok;
  terminal.note(
      "`lockstep rebuild --data " + options.data +
      "` mends damage in derived data (snapshots, lists, feed, open runs). If the log itself is "
      "damaged, restore a backup; without one, `lockstep salvage --from " +
      options.data +
      " --to NEWDIR` keeps the entries of each thread before the damage. Keep this folder.");
  return ExitCode::failed;
}

}  // namespace lockstep
