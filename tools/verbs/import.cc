// SPDX-License-Identifier: Apache-2.0
// import.cc: imports threads from a file.
//
// Trees and messages become changes, which the engine decides and logs (plan_put.h). A history goes
// into the log entry by entry, unchanged (history.h). Both keep the store's earlier content.
#include <limits>

#include "engine/base/codes.h"
#include "engine/base/try.h"
#include "engine/files/blob_files.h"
#include "engine/rocks/store_folder.h"
#include "engine/store/keys.h"
#include "schema/json/json_text.h"
#include "tools/base/file.h"
#include "tools/forms/history.h"
#include "tools/forms/json.h"
#include "tools/forms/oasst.h"
#include "tools/forms/plan_put.h"
#include "tools/forms/record.h"
#include "tools/forms/target_user.h"
#include "tools/store/writing.h"
#include "tools/verbs/verbs.h"

namespace lockstep {
namespace {

std::unexpected<Error> at_line(const Error& error, std::uint64_t number) {
  const std::string& what = error.detail.empty() ? error.code : error.detail;
  return std::unexpected(
      Error{error.kind, error.code, "line " + std::to_string(number) + ": " + what});
}

// An error of the file already names it; an error of a line does not.
std::string of_file(const std::string& file, const Error& error) {
  const bool named = error.detail.starts_with(file + ": ");
  return named ? error.detail : file + ": " + error.detail;
}

// What to do after an error in a line of the file.
std::string advice_at(std::uint64_t line) {
  if (line <= 1) return {};
  return "The lines before it are imported; if you import the file again, they change nothing.";
}

// Makes plans of lines with a message each: consecutive lines of one thread become one plan.
class MessageLines {
 public:
  // `user` gets all threads; if it is empty, each line names its user.
  MessageLines(PlanPutter& putter, UserId user) : putter_(putter), users_(std::move(user)) {}

  Result<void> take(std::string_view line, std::uint64_t number) {
    TRY_LET(value, parse_json(line));
    const JsonValue* thread = value.find("thread");
    const JsonValue* message = value.find("message");
    if (!thread || !thread->is(JsonValue::Kind::string) || !is_id(thread->text) || !message) {
      return fail(Kind::rejected, codes::invalid, "a line needs `thread` (an id) and `message`");
    }
    const JsonValue* user = value.find("user");
    const auto said = user ? std::optional(UserId(user->text)) : std::nullopt;
    TRY_LET(name, users_.name(ThreadId(thread->text), said));
    TRY_LET(placed, placed_input_of(*message));
    if (placed.has_more) ++has_more_;
    if (plan_.thread != name) flush();
    plan_.thread = std::move(name);
    if (said && *said != plan_.thread.owner) plan_.from = said;
    plan_.messages.push_back({std::move(placed.input), std::move(placed.parent), number});
    return {};
  }
  void flush() {
    if (!plan_.messages.empty()) putter_.put(std::exchange(plan_, {}));
  }
  [[nodiscard]] std::uint64_t has_more() const { return has_more_; }

 private:
  PlanPutter& putter_;
  TargetUser users_;
  ThreadPlan plan_;
  std::uint64_t has_more_ = 0;
};

ExitCode account_for(const PutAccount& account, const ImportOptions& options, Terminal& terminal) {
  for (const std::string& problem : account.problems) terminal.note("lockstep: " + problem);
  std::string text;
  if (options.json) {
    text = "{";
    append_field_number(text, "threads", account.threads);
    append_field_number(text, "threads_new", account.threads_new);
    append_field_number(text, "messages", account.messages);
    append_field_number(text, "messages_new", account.messages_new);
    append_field_number(text, "problems", account.problems.size());
    text += "}\n";
  } else {
    text = counted(account.threads, "thread") + " (" + std::to_string(account.threads_new) +
           " new), " + counted(account.messages, "message") + " (" +
           std::to_string(account.messages_new) + " new)\n";
  }
  terminal.print(text);
  return account.problems.empty() ? ExitCode::ok : ExitCode::failed;
}

ExitCode import_messages(const ImportOptions& options, StoreWriter& writer, Terminal& terminal) {
  const auto offline = OfflineEngine::open(writer);
  if (!offline) return terminal.fail(trouble_of(offline.error(), options.data));
  PlanPutter putter(writer, (*offline)->engine());
  MessageLines lines(putter, options.user);
  Progress progress(terminal, writer.clock(), "import: line");
  std::uint64_t reached = 0;
  const auto read = each_line(options.file, [&](std::string_view line, std::uint64_t number) {
    progress.at(number);
    reached = number;
    if (line.empty()) return Result<void>();
    if (options.format == "messages") {
      const auto taken = lines.take(line, number);
      return taken ? Result<void>() : at_line(taken.error(), number);
    }
    auto plan = plan_of_tree(line);
    if (!plan) return Result<void>(at_line(plan.error(), number));
    plan->thread.owner = options.user;
    for (PlannedMessage& message : plan->messages) message.line = number;
    putter.put(std::move(*plan));
    return Result<void>();
  });
  lines.flush();
  const PutAccount account = putter.finish();
  if (lines.has_more() > 0) {
    terminal.note(
        "lockstep: left out the status, run, times, usage, `finish_reason`, `model` or `continues` "
        "of " +
        counted(lines.has_more(), "message") +
        ": a new message can't have them; `export --format jsonl` carries them");
  }
  const ExitCode code = account_for(account, options, terminal);
  if (!read) {
    return terminal.fail(
        {ExitCode::failed, of_file(options.file, read.error()), advice_at(reached)});
  }
  return code;
}

ExitCode import_history(const ImportOptions& options, StoreWriter& writer, Terminal& terminal) {
  // Writes the first rows of a new store, and ends runs that a crash left open in an older one.
  const auto offline = OfflineEngine::open(writer);
  if (!offline) return terminal.fail(trouble_of(offline.error(), options.data));
  // Of an operator, so without a quota.
  const auto blobs =
      BlobFiles::open(options.data, BlobFiles::Mode::write, writer.clock(),
                      std::numeric_limits<std::uint32_t>::max() * limits::blob_bytes_max);
  if (!blobs) return terminal.fail(trouble_of(blobs.error(), options.data));
  HistoryImport history(writer, **blobs, options.user);
  Progress progress(terminal, writer.clock(), "import: line");
  std::uint64_t reached = 0;
  const auto read = each_line(options.file, [&](std::string_view line, std::uint64_t number) {
    progress.at(number);
    reached = number;
    if (line.empty()) return Result<void>();
    const auto taken = history.take(line);
    return taken ? Result<void>() : Result<void>(at_line(taken.error(), number));
  });
  const auto finished = history.finish();
  // The writers of imported open runs are not here. Without this row, the next start takes all open
  // runs for those of another history, and ends them.
  const auto foreign = writer.write(
      {{Table::meta, std::string(keys::outside_since), std::nullopt, RowWrite::Stamp::none}});
  if (!foreign) return terminal.fail(trouble_of(foreign.error(), options.data));
  const HistoryAccount& account = history.account();
  std::string text;
  if (options.json) {
    text = "{";
    append_field_number(text, "threads", account.threads);
    append_field_number(text, "entries", account.entries);
    append_field_number(text, "entries_new", account.entries_new);
    append_field_number(text, "files_missing", history.files_missing());
    text += "}\n";
  } else {
    text = counted(account.threads, "thread") + ", " +
           counted(account.entries, "entry", "entries") + " (" +
           std::to_string(account.entries_new) + " new)\n";
  }
  terminal.print(text);
  if (const std::size_t missing = history.files_missing(); missing > 0) {
    terminal.note("lockstep: messages name " + counted(missing, "attachment") +
                  " that the store does not have: `lockstep export` writes them into the file, as "
                  "lines with `blob`");
  }
  if (!finished) return terminal.fail(trouble_of(finished.error(), options.data));
  if (read) return ExitCode::ok;
  return terminal.fail({ExitCode::failed, of_file(options.file, read.error()), advice_at(reached)});
}

}  // namespace

ExitCode run(const ImportOptions& options, Terminal& terminal) {
  const bool history = options.format == "jsonl";
  const bool owners_come_along = history || options.format == "messages";
  const bool none = options.user.get().empty();
  if (none ? !owners_come_along : !is_id(options.user.get())) {
    return terminal.fail(
        {ExitCode::usage,
         none ? "--user is missing: oasst does not name users" : "--user is not an id",
         "Add --user NAME: 1 to 128 characters of A-Z a-z 0-9 . _ : -"});
  }
  // Before the store is opened: a wrong file name must not make a folder.
  if (const auto readable = check_readable(options.file); !readable) {
    return terminal.fail(
        {ExitCode::failed, readable.error().detail, "Check the name; `-` reads standard input."});
  }
  const auto outside = options.file == "-"
                           ? Result<void>()
                           : store_folder::check_outside(options.file, options.data);
  if (!outside) return terminal.fail(trouble_of(outside.error(), options.data));
  const auto writer = StoreWriter::open(options.data, StoreWriter::Missing::make);
  if (!writer) {
    Trouble trouble = trouble_of_opening(writer.error(), options.data);
    if (writer.error().code == codes::locked) {
      trouble.advice = "Stop the server on this folder first, or import into another folder.";
    }
    return terminal.fail(trouble);
  }
  return history ? import_history(options, **writer, terminal)
                 : import_messages(options, **writer, terminal);
}

}  // namespace lockstep
