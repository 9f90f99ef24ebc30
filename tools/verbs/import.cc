// SPDX-License-Identifier: Apache-2.0
// import.cc: threads from a file.
//
// Trees and messages go the road of all changes: decide, log (plan_put.h). A history goes into the
// log entry by entry, as it was (history.h). Either way what is there already stays as it is.
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
  return fail(
      error.kind, error.code,
      "line " + std::to_string(number) + ": " + (error.detail.empty() ? error.code : error.detail));
}

// An error of the file names it already, one of a line does not.
std::string of_file(const std::string& file, const Error& error) {
  const bool named = error.detail.starts_with(file + ": ");
  return named ? error.detail : file + ": " + error.detail;
}

// Lines of single messages become plans: those of a thread that stand together, one plan.
class MessageLines {
 public:
  // `user`: whose the threads are to be; empty: what each line says.
  MessageLines(PlanPutter& putter, UserId user) : putter_(putter), users_(std::move(user)) {}

  Result<void> take(std::string_view line, std::uint64_t number) {
    const auto value = parse_json(line);
    if (!value) return std::unexpected(value.error());
    const JsonValue* thread = value->find("thread");
    const JsonValue* message = value->find("message");
    if (!thread || !thread->is(JsonValue::Kind::string) || !is_id(thread->text) || !message) {
      return fail(Kind::rejected, "invalid", "a line needs `thread`, an id, and `message`");
    }
    const JsonValue* user = value->find("user");
    const auto said = user ? std::optional(UserId(user->text)) : std::nullopt;
    auto name = users_.name(ThreadId(thread->text), said);
    if (!name) return std::unexpected(name.error());
    auto placed = placed_input_of(*message);
    if (!placed) return std::unexpected(placed.error());
    if (placed->has_more) ++has_more_;
    if (plan_.thread != *name) flush();
    plan_.thread = std::move(*name);
    if (said && *said != plan_.thread.owner) plan_.from = said;
    plan_.messages.push_back({std::move(placed->input), std::move(placed->parent), number});
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
  const auto read = each_line(options.file, [&](std::string_view line, std::uint64_t number) {
    progress.at(number);
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
    terminal.note("lockstep: " + std::to_string(lines.has_more()) +
                  " messages came with a status, a run, times or usage, which a new message can't "
                  "have; `export --format jsonl` carries them");
  }
  const ExitCode code = account_for(account, options, terminal);
  if (!read) {
    return terminal.fail(
        {ExitCode::failed, of_file(options.file, read.error()),
         "What came before that is imported; a second import leaves it as it is."});
  }
  return code;
}

ExitCode import_history(const ImportOptions& options, StoreWriter& writer, Terminal& terminal) {
  // It makes a new store ours, and ends what a crash has left open in an older one.
  const auto offline = OfflineEngine::open(writer);
  if (!offline) return terminal.fail(trouble_of(offline.error(), options.data));
  HistoryImport history(writer, options.user);
  Progress progress(terminal, writer.clock(), "import: line");
  const auto read = each_line(options.file, [&](std::string_view line, std::uint64_t number) {
    progress.at(number);
    if (line.empty()) return Result<void>();
    const auto taken = history.take(line);
    return taken ? Result<void>() : Result<void>(at_line(taken.error(), number));
  });
  const auto finished = history.finish();
  // The writers of runs that came open from elsewhere are elsewhere: the next start ends them.
  const auto foreign = writer.write(
      {{Table::meta, std::string(keys::outside_since), std::nullopt, Row::Stamp::none}});
  if (!foreign) return terminal.fail(trouble_of(foreign.error(), options.data));
  const HistoryAccount& account = history.account();
  std::string text;
  if (options.json) {
    text = "{";
    append_field_number(text, "threads", account.threads);
    append_field_number(text, "entries", account.entries);
    append_field_number(text, "entries_new", account.entries_new);
    text += "}\n";
  } else {
    text = counted(account.threads, "thread") + ", " +
           counted(account.entries, "entry", "entries") + " (" +
           std::to_string(account.entries_new) + " new)\n";
  }
  terminal.print(text);
  if (!finished) return terminal.fail(trouble_of(finished.error(), options.data));
  if (read) return ExitCode::ok;
  return terminal.fail({ExitCode::failed, of_file(options.file, read.error()),
                        "What came before that is imported; a second import leaves it as it is."});
}

}  // namespace

ExitCode run(const ImportOptions& options, Terminal& terminal) {
  const bool history = options.format == "jsonl";
  const bool owners_come_along = history || options.format == "messages";
  const bool none = options.user.get().empty();
  if (none ? !owners_come_along : !is_id(options.user.get())) {
    return terminal.fail({ExitCode::usage, "whose the threads are to be is missing, or is no id",
                          "Add --user NAME (A-Z a-z 0-9 . _ : -)."});
  }
  // Asked before the store is: a wrong name makes no folder.
  if (const auto readable = check_readable(options.file); !readable) {
    return terminal.fail({ExitCode::failed, readable.error().detail,
                          "Is the name right? `-` reads standard input."});
  }
  const auto outside = options.file == "-"
                           ? Result<void>()
                           : store_folder::check_outside(options.file, options.data);
  if (!outside) return terminal.fail(trouble_of(outside.error(), options.data));
  const auto writer = StoreWriter::open(options.data, StoreWriter::Missing::make);
  if (!writer) {
    Trouble trouble = trouble_of_opening(writer.error(), options.data);
    if (writer.error().code == "locked") {
      trouble.advice = "Stop the server on this folder first, or import into another folder.";
    }
    return terminal.fail(trouble);
  }
  return history ? import_history(options, **writer, terminal)
                 : import_messages(options, **writer, terminal);
}

}  // namespace lockstep
