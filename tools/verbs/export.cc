// SPDX-License-Identifier: Apache-2.0
// export.cc: threads to a file, in one of four forms.
#include <fstream>
#include <iostream>

#include "engine/rocks/store_folder.h"
#include "schema/json/json_text.h"
#include "server/base/printable.h"
#include "server/codec/json_write.h"
#include "tools/forms/history.h"
#include "tools/forms/markdown.h"
#include "tools/forms/oasst.h"
#include "tools/store/reading.h"
#include "tools/verbs/verbs.h"

namespace lockstep {
namespace {

struct Written {
  std::uint64_t threads = 0;
  std::uint64_t left_out = 0;  // that the form has no place for
};

using Write = std::function<void(std::string_view)>;

struct Output {
  std::string format;
  Write write;
};

std::string message_lines(const ThreadState& state) {
  std::string lines;
  for (const Message& message : screen_of(state).messages) {
    lines += '{';
    append_field(lines, "user", state.owner.get());
    append_field(lines, "thread", state.thread.id.get());
    append_name(lines, "message");
    append_message(lines, message);
    lines += "}\n";
  }
  return lines;
}

Result<void> write_thread(const StoreReader& reader, const ThreadRecord& record,
                          const Output& output, Written& written) {
  const auto& [format, write] = output;
  ++written.threads;
  if (format == "jsonl") {
    const auto entries = export_history(reader, record, write);
    return entries ? Result<void>() : std::unexpected(entries.error());
  }
  const auto state = fold_thread(reader.log(), record.number);
  if (!state) return std::unexpected(state.error());
  if (format == "messages") {
    write(message_lines(*state));
  } else if (format == "markdown") {
    if (written.threads > 1) write("\n");
    write(markdown_of(*state));
  } else {
    const Trees trees = trees_of(*state);
    write(trees.lines);
    written.left_out += trees.left_out;
  }
  return {};
}

enum class Spelling : std::uint8_t { as_made, json };

// Trees come out byte for byte as they came in, but not onto a screen. Markdown is made printable
// where it is made.
Spelling spelling_of(const ExportOptions& options, const Terminal& terminal) {
  const bool screen = options.out == "-" && terminal.is_terminal();
  if (options.format == "oasst") return screen ? Spelling::json : Spelling::as_made;
  return options.format == "markdown" ? Spelling::as_made : Spelling::json;
}

// The threads that were asked for; all of them by user and id, trees as they came in.
Result<std::vector<ThreadRecord>> chosen(const StoreReader& reader, const ExportOptions& options) {
  std::vector<ThreadRecord> records;
  if (!options.all) {
    for (const ThreadId& id : options.threads) {
      auto record = reader.thread(id, options.user);
      if (!record) return std::unexpected(record.error());
      records.push_back(std::move(*record));
    }
    return records;
  }
  auto all = reader.threads();
  if (!all) return std::unexpected(all.error());
  for (StampedThreadRecord& row : *all) {
    if (!row.record.thread || (options.user && row.record.owner != *options.user)) continue;
    records.push_back(std::move(row.record));
  }
  if (options.format == "oasst") std::ranges::sort(records, {}, &ThreadRecord::number);
  return records;
}

void say_what_was_written(const Written& written, const ExportOptions& options,
                          Terminal& terminal) {
  if (written.left_out > 0) {
    terminal.note(
        "lockstep: " + std::to_string(written.left_out) +
        " things have no place in this form (parts that are not text, metadata of others); "
        "`--format jsonl` carries all");
  }
  if (options.json) {
    std::string line = "{";
    append_field_number(line, "threads", written.threads);
    append_field_number(line, "left_out", written.left_out);
    return terminal.note(line + "}");
  }
  if (options.out != "-") {
    terminal.note(counted(written.threads, "thread") + " written to " + options.out);
  }
}

}  // namespace

ExitCode run(const ExportOptions& options, Terminal& terminal) {
  if (options.all == !options.threads.empty()) {
    return terminal.fail({ExitCode::usage, "name the threads to export, or say --all", ""});
  }
  const auto outside =
      options.out == "-" ? Result<void>() : store_folder::check_outside(options.out, options.data);
  if (!outside) return terminal.fail(trouble_of(outside.error(), options.data));
  const auto reader = StoreReader::open(options.data);
  if (!reader) return terminal.fail(trouble_of_opening(reader.error(), options.data));
  const auto records = chosen(**reader, options);
  if (!records) return terminal.fail(trouble_of(records.error(), options.data));

  std::ofstream file;
  if (options.out != "-") file.open(options.out, std::ios::binary | std::ios::trunc);
  if (options.out != "-" && !file) {
    return terminal.fail({ExitCode::failed, options.out + " can't be written",
                          "Does its folder exist, and may you write there?"});
  }
  const Spelling spelling = spelling_of(options, terminal);
  const Output output{options.format, [&](std::string_view text) {
                        const std::string safe =
                            spelling == Spelling::json ? printable_json(text) : std::string(text);
                        if (options.out == "-") return terminal.print(safe);
                        file << safe;
                      }};
  SystemClock clock;
  Progress progress(terminal, clock, "export: thread");
  Written written;
  if (options.format == "jsonl") output.write(history_header());
  for (const ThreadRecord& record : *records) {
    progress.at(written.threads + 1, records->size());
    const auto done = write_thread(**reader, record, output, written);
    if (!done) return terminal.fail(trouble_of(done.error(), options.data));
  }
  if (file.is_open() && !file.flush()) {
    return terminal.fail({ExitCode::failed, options.out + " could not be written to its end",
                          "Is there room on the disk?"});
  }
  say_what_was_written(written, options, terminal);
  return ExitCode::ok;
}

}  // namespace lockstep
