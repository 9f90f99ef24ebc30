// SPDX-License-Identifier: Apache-2.0
// show.cc: shows the threads, or one thread, message or log of entries, to a person or as JSON.
#include <algorithm>

#include "engine/rules/former_agents.h"
#include "schema/json/json_text.h"
#include "server/base/printable.h"
#include "server/codec/json_write.h"
#include "tools/forms/record.h"
#include "tools/forms/transcript.h"
#include "tools/store/reading.h"
#include "tools/verbs/not_yet.h"
#include "tools/verbs/verbs.h"

namespace lockstep {
namespace {

constexpr std::size_t excerpt_points = 72;
constexpr std::size_t reason_points = 300;
constexpr std::size_t id_columns = 28;

std::string padded(std::string text, std::size_t columns) {
  if (text.size() < columns) text.append(columns - text.size(), ' ');
  return text;
}

ExitCode show_threads(const StoreReader& reader, const ShowOptions& options, Terminal& terminal) {
  auto records = reader.threads();
  if (!records) return terminal.fail(trouble_of(records.error(), options.data));
  std::erase_if(*records, [&](const StampedThreadRecord& row) {
    return !row.record.thread || (options.user && row.record.owner != *options.user);
  });
  std::ranges::sort(*records, std::ranges::greater(), [](const StampedThreadRecord& row) {
    return std::pair(row.record.thread->updated, row.commit);
  });
  for (const auto& [record, commit] : *records) {
    const Thread& thread = *record.thread;
    std::string line;
    if (options.json) {
      line += '{';
      append_field(line, "owner", record.owner.get());
      append_name(line, "thread");
      append_thread(line, thread);
      terminal.print_json(line + "}\n");
    } else {
      line = time_text(thread.updated).substr(0, 19) + "  ";
      line += terminal.ink(Ink::bold, padded(thread.id.get(), id_columns)) + "  ";
      line += padded(one_line(record.owner.get(), 16), 16) + "  ";
      if (thread.running) line += terminal.ink(Ink::green, "running ");
      if (thread.archived) line += terminal.ink(Ink::faint, "archived ");
      line += one_line(thread.title, excerpt_points);
      terminal.print(line + "\n");
    }
  }
  if (records->empty() && !options.json) terminal.note("no threads");
  return ExitCode::ok;
}

// The events and acks of an entry in one line: `content_appended x3, ack phone op 12`.
std::string summary(const Entry& entry) {
  std::string text;
  std::string_view former;
  std::size_t count = 0;
  const auto say = [&] {
    if (count == 0) return;
    text += (text.empty() ? "" : ", ") + std::string(former);
    if (count > 1) text += " x" + std::to_string(count);
  };
  for (const Event& event : entry.events) {
    const std::string_view name = name_of(event);
    if (name != former) {
      say();
      former = name;
      count = 0;
    }
    ++count;
  }
  say();
  for (const Ack& ack : entry.acks) {
    text += (text.empty() ? "" : ", ") + std::string(ack.outcome.applied ? "ack " : "refusal ") +
            ack.device.get() + " op " + std::to_string(ack.outcome.op->get());
  }
  return text;
}

std::string source_of(const Entry& entry) {
  if (entry.producer) {
    return "run " + entry.producer->run.get() + "/" + std::to_string(entry.producer->attempt) +
           " seq " + std::to_string(entry.producer->seq);
  }
  if (!entry.acks.empty())
    return entry.acks.front().user.get() + "/" + entry.acks.front().device.get();
  return entry.origin ? "owner " + one_line(entry.origin->owner.get(), 16) : "-";
}

void print_entry(const StoredEntry& stored, const Entry& entry, bool json, Terminal& terminal) {
  std::string line;
  if (json) {
    line += '{';
    append_field_number(line, "commit", stored.commit.get());
    append_field_number(line, "bytes", stored.bytes.size());
    append_name(line, "entry");
    append_entry(line, entry);
    terminal.print_json(line + "}\n");
  } else {
    line = std::to_string(stored.at.get()) + "  #" + padded(std::to_string(stored.commit.get()), 8);
    line += "  " + padded(std::to_string(stored.bytes.size()) + " B", 8);
    line += "  " + padded(one_line(source_of(entry), 32), 24) + "  " + summary(entry);
    terminal.print(line + "\n");
  }
}

void print_message(const Message& message, const ThreadState& state, bool json,
                   Terminal& terminal) {
  if (json) {
    std::string line;
    append_message(line, message);
    return terminal.print_json(line + "\n");
  }
  terminal.print(terminal.ink(ink_of(message), heading(message)) + "\n");
  terminal.print(terminal.ink(Ink::faint, "created " + time_text(message.created) + ", updated " +
                                              time_text(message.updated)) +
                 "\n");
  if (message.metadata)
    terminal.print(terminal.ink(Ink::faint, "metadata " + printable(message.metadata->text)) +
                   "\n");
  if (message.usage)
    terminal.print(terminal.ink(Ink::faint, "usage " + printable(message.usage->text)) + "\n");
  const Finish& finish = message.finish;
  if (finish.reason || finish.model) {
    std::string line = "ended by the model server";
    if (finish.reason) line += ": " + printable(*finish.reason);
    if (finish.model) line += ", model " + printable(*finish.model);
    terminal.print(terminal.ink(Ink::faint, line) + "\n");
  }
  if (message.continues) {
    terminal.print(terminal.ink(Ink::faint, "continues " + message.continues->get()) + "\n");
  }
  terminal.print("\n" + readable(message, &state) + "\n");
}

// The agents that its fallbacks took the run from.
void print_former(const std::vector<FormerAgent>& agents, Terminal& terminal) {
  for (const FormerAgent& former : agents) {
    const std::string why = former.error.code + ": " + former.error.detail;
    const std::string line = "    in place of " + one_line(former.agent.get(), 24) +
                             ", which failed: " + one_line(why, reason_points);
    terminal.print(terminal.ink(Ink::faint, line) + "\n");
  }
}

// What a run that asks its user waits for, or what became of it.
void print_resume(const Run& run, Terminal& terminal) {
  if (!run.resume || run.resume->status == ResumeStatus::asked) return;
  const Resume& resume = *run.resume;
  std::string line = "    ";
  if (resume.status == ResumeStatus::waiting) {
    line += "waits for the answers of its calls, until " + time_text(resume.until);
  } else if (resume.next) {
    line += "was answered, and run " + resume.next->get() + " goes on";
  } else {
    line += "does not wait for its answers any more: " + resume.why;
  }
  terminal.print(terminal.ink(Ink::faint, line) + "\n");
}

void print_runs(const ThreadState& state, const FormerAgents& former, Terminal& terminal) {
  if (!state.runs.empty()) terminal.print("\n");
  for (std::size_t number = 0; number < state.runs.size(); ++number) {
    const RunState& row = state.runs[number];
    const bool bad =
        row.run.status == RunStatus::failed || row.run.status == RunStatus::interrupted;
    std::string line = "run " + padded(row.run.id.get(), id_columns) + "  ";
    line +=
        terminal.ink(bad ? Ink::red : Ink::plain, padded(std::string(name_of(row.run.status)), 12));
    line += one_line(row.run.agent.get(), 24) + "  attempt " + std::to_string(row.run.attempt);
    line += ", " + counted(row.messages.size(), "message");
    if (row.run.started && row.run.ended) {
      line += ", " + std::to_string((row.run.ended->get() - row.run.started->get()) / 1000) + " ms";
    }
    if (row.run.error)
      line += "  " + one_line(row.run.error->code + ": " + row.run.error->detail, excerpt_points);
    terminal.print(line + "\n");
    print_former(former.of(row.run.id), terminal);
    print_resume(row.run, terminal);
  }
}

void print_tree(const ThreadState& state, const FormerAgents& former, Terminal& terminal) {
  const Thread& thread = state.thread;
  const std::vector<TreeLine> tree = tree_of(state);
  terminal.print(terminal.ink(Ink::bold, thread.id.get()) + "  " +
                 one_line(thread.title, excerpt_points) + "\n");
  terminal.print(terminal.ink(Ink::faint, "owner " + one_line(state.owner.get(), 64) + ", " +
                                              counted(tree.size(), "message") + ", " +
                                              counted(state.runs.size(), "run") + ", at " +
                                              std::to_string(state.now.get()) + " (" +
                                              time_text(state.now) + ")") +
                 "\n\n");
  for (const TreeLine& line : tree) {
    const Message& message = state.messages[line.number].message;
    std::string text = line.branch + terminal.ink(ink_of(message), heading(message));
    if (thread.head == message.id) text += terminal.ink(Ink::bold, " ◀ head");
    terminal.print(text + "  " + terminal.ink(Ink::faint, excerpt(message, excerpt_points)) + "\n");
  }
  print_runs(state, former, terminal);
}

// The answer of `GET /v1/threads/{t}`, without the fields that only a server knows.
std::string state_json(const ThreadState& state) {
  const Screen screen = screen_of(state);
  std::string json = "{";
  append_field(json, "owner", state.owner.get());
  append_field_number(json, "ts", state.now.get());
  append_name(json, "thread");
  append_thread(json, state.thread);
  append_name(json, "messages");
  append_array(json, screen.messages, append_message);
  append_name(json, "runs");
  append_array(json, screen.runs, append_run);
  return json + "}\n";
}

ExitCode show_thread(const StoreReader& reader, const ShowOptions& options, Terminal& terminal) {
  const auto record = reader.thread(*options.thread, options.user);
  if (!record) return terminal.fail(trouble_of(record.error(), options.data));
  FormerAgents former;
  const VisitEntry visit = [&](const StoredEntry& stored, const Entry& entry, const ThreadState&) {
    if (options.events) print_entry(stored, entry, options.json, terminal);
    former.read(entry);
    return true;
  };
  const auto state = fold_thread(reader.log(), record->number, options.at, visit);
  if (!state) return terminal.fail(trouble_of(state.error(), options.data));
  if (options.events) return ExitCode::ok;
  if (state->now == Timestamp()) {
    return terminal.fail(not_yet(*record, *options.at));
  }
  if (!options.message) {
    if (options.json) terminal.print_json(state_json(*state));
    if (!options.json) print_tree(*state, former, terminal);
    return ExitCode::ok;
  }
  const MessageState* row = state->living(*options.message);
  if (!row) {
    const char* why = state->message(*options.message) ? " was deleted" : " is not there";
    return terminal.fail({ExitCode::failed, "message " + options.message->get() + why,
                          "`lockstep show " + options.thread->get() + "` lists the messages."});
  }
  print_message(row->message, *state, options.json, terminal);
  return ExitCode::ok;
}

}  // namespace

ExitCode run(const ShowOptions& options, Terminal& terminal) {
  if (!options.thread && (options.message || options.events || options.at)) {
    return terminal.fail({ExitCode::usage, "--message, --events and --at need a thread",
                          "Add the id of a thread: `lockstep show THREAD --data DIR …`."});
  }
  const auto reader = StoreReader::open(options.data);
  if (!reader) return terminal.fail(trouble_of_opening(reader.error(), options.data));
  return options.thread ? show_thread(**reader, options, terminal)
                        : show_threads(**reader, options, terminal);
}

}  // namespace lockstep
