// SPDX-License-Identifier: Apache-2.0
// export.cc: writes threads to a file, in one of four formats.
#include <fstream>
#include <iostream>

#include "engine/base/try.h"
#include "engine/files/blob_files.h"
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
  std::uint64_t left_out = 0;  // things that the format can't hold
};

using Write = std::function<void(std::string_view)>;

struct Output {
  std::string format;
  Write write;
  BlobLines& blobs;
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
  const auto& [format, write, blobs] = output;
  ++written.threads;
  if (format == "jsonl") {
    const auto entries = export_history(reader, record, blobs, write);
    return entries ? Result<void>() : std::unexpected(entries.error());
  }
  TRY_LET(state, fold_thread(reader.log(), record.number));
  if (format == "messages") {
    write(message_lines(state));
  } else if (format == "markdown") {
    if (written.threads > 1) write("\n");
    write(markdown_of(state));
  } else {
    const Trees trees = trees_of(state);
    write(trees.lines);
    written.left_out += trees.left_out;
  }
  return {};
}

enum class Spelling : std::uint8_t { as_made, json };

// Trees go to a file byte for byte as they came in; on a terminal they are made printable.
// `markdown_of` already returns printable text.
Spelling spelling_of(const ExportOptions& options, const Terminal& terminal) {
  const bool screen = options.out == "-" && terminal.is_terminal();
  if (options.format == "oasst") return screen ? Spelling::json : Spelling::as_made;
  return options.format == "markdown" ? Spelling::as_made : Spelling::json;
}

// The threads that the options name. `--all` gives them by user and id; for trees in the order in
// which they came in.
Result<std::vector<ThreadRecord>> chosen(const StoreReader& reader, const ExportOptions& options) {
  std::vector<ThreadRecord> records;
  if (!options.all) {
    for (const ThreadId& id : options.threads) {
      TRY_LET(record, reader.thread(id, options.user));
      records.push_back(std::move(record));
    }
    return records;
  }
  TRY_LET(all, reader.threads());
  for (StampedThreadRecord& row : all) {
    if (!row.record.thread || (options.user && row.record.owner != *options.user)) continue;
    records.push_back(std::move(row.record));
  }
  if (options.format == "oasst") std::ranges::sort(records, {}, &ThreadRecord::number);
  return records;
}

void say_what_was_written(const Written& written, const ExportOptions& options,
                          Terminal& terminal) {
  if (written.left_out > 0) {
    terminal.note("lockstep: left out " + counted(written.left_out, "thing") +
                  " that this format can't hold (parts that are not text, other metadata); "
                  "`--format jsonl` exports everything");
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
    return terminal.fail({ExitCode::usage,
                          "export needs the ids of threads, or --all, and not both",
                          "`lockstep show` lists the threads."});
  }
  const auto outside =
      options.out == "-" ? Result<void>() : store_folder::check_outside(options.out, options.data);
  if (!outside) return terminal.fail(trouble_of(outside.error(), options.data));
  const auto reader = StoreReader::open(options.data);
  if (!reader) return terminal.fail(trouble_of_opening(reader.error(), options.data));
  const auto records = chosen(**reader, options);
  if (!records) return terminal.fail(trouble_of(records.error(), options.data));
  SystemClock clock;
  const auto files = BlobFiles::open(options.data, BlobFiles::Mode::read, clock, 0);
  if (!files) return terminal.fail(trouble_of(files.error(), options.data));
  BlobLines blobs(**files);

  std::ofstream file;
  if (options.out != "-") file.open(options.out, std::ios::binary | std::ios::trunc);
  if (options.out != "-" && !file) {
    return terminal.fail({ExitCode::failed, options.out + " can't be written",
                          "Check that its folder exists, and that you may write there."});
  }
  const Spelling spelling = spelling_of(options, terminal);
  const Output output{options.format,
                      [&](std::string_view text) {
                        const std::string safe =
                            spelling == Spelling::json ? printable_json(text) : std::string(text);
                        if (options.out == "-") return terminal.print(safe);
                        file << safe;
                      },
                      blobs};
  Progress progress(terminal, clock, "export: thread");
  Written written;
  if (options.format == "jsonl") output.write(history_header());
  for (const ThreadRecord& record : *records) {
    progress.at(written.threads + 1, records->size());
    const auto done = write_thread(**reader, record, output, written);
    if (!done) return terminal.fail(trouble_of(done.error(), options.data));
  }
  if (file.is_open() && !file.flush()) {
    return terminal.fail({ExitCode::failed, options.out + " is incomplete: a write failed",
                          "Check the room on the disk, then export again."});
  }
  say_what_was_written(written, options, terminal);
  if (blobs.left_out() > 0) {
    terminal.note("lockstep: left out " + counted(blobs.left_out(), "attachment") +
                  " that is missing or damaged; `lockstep verify` names the files");
  }
  return ExitCode::ok;
}

}  // namespace lockstep
