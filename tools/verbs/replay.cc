// SPDX-License-Identifier: Apache-2.0
// replay.cc: replays how a thread was written.
//
// Folds the entries one after another, with the pauses that lay between them. On a terminal it
// shows the state after each entry (replay_screen.h). In a pipe it describes each event in a line
// (replay_account.h), and prints the thread as it is at the end.
#include <algorithm>
#include <chrono>
#include <thread>
#include <unordered_map>

#include "server/codec/json_write.h"
#include "tools/forms/record.h"
#include "tools/forms/transcript.h"
#include "tools/store/reading.h"
#include "tools/verbs/not_yet.h"
#include "tools/verbs/replay_account.h"
#include "tools/verbs/replay_screen.h"
#include "tools/verbs/verbs.h"

namespace lockstep {
namespace {

// Shows the entries one after another: as JSON, in words, or on a screen.
class Replay {
 public:
  virtual ~Replay() = default;
  // `state`: after the entry.
  virtual void show(const Entry& entry, const ThreadState& state) = 0;
  virtual void begin(const ThreadState& state) = 0;
  virtual void end(const ThreadState& state) = 0;
};

class JsonReplay final : public Replay {
 public:
  explicit JsonReplay(Terminal& terminal) : terminal_(terminal) {}
  void show(const Entry& entry, const ThreadState&) override {
    std::string line;
    append_entry(line, entry);
    terminal_.print_json(line + "\n");
  }
  void begin(const ThreadState&) override {}
  void end(const ThreadState&) override {}

 private:
  Terminal& terminal_;
};

class AccountReplay final : public Replay {
 public:
  explicit AccountReplay(Terminal& terminal) : terminal_(terminal) {}
  void show(const Entry& entry, const ThreadState& state) override {
    terminal_.print(account_of(entry, former_, state));
    former_ = state;
  }
  void begin(const ThreadState& state) override {
    former_ = state;
    if (state.now == Timestamp()) return;
    terminal_.print(time_text(state.now) + "  the thread so far\n\n" + transcript_of(state) + "\n");
  }
  void end(const ThreadState& state) override { terminal_.print("\n" + transcript_of(state)); }

 private:
  Terminal& terminal_;
  ThreadState former_;
};

class ScreenReplay final : public Replay {
 public:
  explicit ScreenReplay(Terminal& terminal)
      : terminal_(terminal), columns_(terminal.columns() - 1), screen_(terminal.lines()) {}

  void show(const Entry&, const ThreadState& state) override { begin(state); }
  void begin(const ThreadState& state) override {
    std::vector<std::string> lines;
    for (std::size_t number = 0; number < state.messages.size(); ++number) {
      const MessageState& row = state.messages[number];
      if (row.deleted) continue;
      const std::vector<std::string>& message = lines_of(state, number);
      lines.insert(lines.end(), message.begin(), message.end());
    }
    terminal_.print(screen_.show(std::move(lines)));
  }
  void end(const ThreadState& state) override {
    terminal_.print("\n\n" + terminal_.ink(Ink::faint, time_text(state.now) + ", as stored") +
                    "\n");
  }

 private:
  struct Drawn {
    Timestamp updated;
    std::vector<std::string> lines;
  };

  // Wraps a message again only if it changed: a long thread would be slow otherwise.
  const std::vector<std::string>& lines_of(const ThreadState& state, std::size_t number) {
    const Message& message = state.messages[number].message;
    Drawn& drawn = drawn_[number];
    if (drawn.updated == message.updated) return drawn.lines;
    drawn.updated = message.updated;
    drawn.lines.clear();
    const bool follows = number > 0 && message.parent == state.messages[number - 1].message.id;
    if (number > 0) drawn.lines.emplace_back();
    std::string head = heading(message);
    if (!follows && message.parent) head += " ↳ below " + message.parent->get();
    for (const std::string& line : wrap(head, columns_)) {
      drawn.lines.push_back(terminal_.ink(ink_of(message), line));
    }
    for (std::string& line : wrap(readable(message), columns_)) {
      drawn.lines.push_back(std::move(line));
    }
    return drawn.lines;
  }

  Terminal& terminal_;
  std::size_t columns_;
  ReplayScreen screen_;
  std::unordered_map<std::size_t, Drawn> drawn_;
};

std::unique_ptr<Replay> replay_for(const ReplayOptions& options, Terminal& terminal) {
  if (options.json) return std::make_unique<JsonReplay>(terminal);
  if (terminal.is_terminal()) return std::make_unique<ScreenReplay>(terminal);
  return std::make_unique<AccountReplay>(terminal);
}

void pause(const ReplayOptions& options, Timestamp former, Timestamp next) {
  if (options.speed == 0 || former == Timestamp()) return;
  const double seconds = static_cast<double>(next.get() - former.get()) / 1e6 / options.speed;
  std::this_thread::sleep_for(std::chrono::duration<double>(std::min(seconds, options.pause_max)));
}

}  // namespace

ExitCode run(const ReplayOptions& options, Terminal& terminal) {
  if (options.from && options.to && *options.to < *options.from) {
    return terminal.fail({ExitCode::usage, "--to is before --from",
                          "Name a time for --to that is not before the one of --from."});
  }
  const auto reader = StoreReader::open(options.data);
  if (!reader) return terminal.fail(trouble_of_opening(reader.error(), options.data));
  const auto record = (*reader)->thread(options.thread, options.user);
  if (!record) return terminal.fail(trouble_of(record.error(), options.data));
  if (options.to && record->thread && *options.to < record->thread->created) {
    return terminal.fail(not_yet(*record, *options.to));
  }

  const std::unique_ptr<Replay> replay = replay_for(options, terminal);
  const Timestamp from = options.from.value_or(Timestamp());
  Timestamp former;
  bool begun = false;
  const auto visit = [&](const StoredEntry&, const Entry& entry, const ThreadState& state) {
    if (entry.at <= from) {
      former = entry.at;
      return true;
    }
    pause(options, former, entry.at);
    former = entry.at;
    replay->show(entry, state);
    terminal.flush();
    return true;
  };
  if (options.from) {
    const auto state = fold_thread((*reader)->log(), record->number, from);
    if (!state) return terminal.fail(trouble_of(state.error(), options.data));
    replay->begin(*state);
    begun = true;
  }
  if (!begun) replay->begin(ThreadState());
  const auto state = fold_thread((*reader)->log(), record->number, options.to, visit);
  if (!state) return terminal.fail(trouble_of(state.error(), options.data));
  replay->end(*state);
  return ExitCode::ok;
}

}  // namespace lockstep
