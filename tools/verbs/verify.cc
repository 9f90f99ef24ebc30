// SPDX-License-Identifier: Apache-2.0
// verify.cc: reads the whole store and says what in it is damaged.
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
                 counted(found.entries, "entry", "entries") + ", " + std::to_string(found.bytes) +
                 " bytes in " + data + ": " +
                 (found.problems.empty() ? terminal.ink(Ink::green, "no damage")
                                         : terminal.ink(Ink::red, "damaged")) +
                 "\n");
}

// What the next start would do with the thread that was being opened when the process died. Beside
// a running server the file says nothing: it opens threads all the time.
void add_opening(const std::string& data, Verification& found) {
  if (!FolderLock::take(data, FolderLock::Mode::shared)) return;
  const auto opening = read_opening_in(data);
  if (!opening) {
    found.problems.push_back(
        {"the file `opening`", {}, {}, opening.error().detail + "; the next start begins it anew"});
  } else if (*opening) {
    const NamedThread thread{{}, **opening};
    found.problems.push_back({to_string(thread),
                              thread,
                              {},
                              "the process died while it was being opened: the next start "
                              "sets it aside, unless a rebuild comes before it"});
  }
}

}  // namespace

ExitCode run(const VerifyOptions& options, Terminal& terminal) {
  auto reader = StoreReader::open(options.data);
  const std::string refused = reader ? "" : reader.error().detail;
  // Tables that can't even be opened must not hide what else is damaged, and what is not.
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
  // All rows can be whole and a filter beside them not, which only some reads go through.
  const auto tables = (*reader)->rocks().kv().damaged_tables();
  for (const TableDamage& damage : tables) {
    found->problems.push_back({"the tables", {}, {}, damage.what});
  }
  if (tables.empty() && !refused.empty()) found->problems.push_back({"the store", {}, {}, refused});
  add_opening(options.data, *found);
  if (options.json) print_json(*found, options.data, terminal);
  if (!options.json) print_text(*found, options.data, terminal);
  if (found->problems.empty()) return ExitCode::ok;
  terminal.note(
      "What is derived from the log (views, lists, feed, open runs) can be made again: `lockstep "
      "rebuild --data " +
      options.data +
      "`. Damage in the log itself can't: restore a backup, or `lockstep salvage --from " +
      options.data + " --to NEWDIR` keeps all that is before it. Keep this folder.");
  return ExitCode::failed;
}

}  // namespace lockstep
