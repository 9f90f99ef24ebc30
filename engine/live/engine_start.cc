// SPDX-License-Identifier: Apache-2.0
// engine_start.cc: reads what a start needs, in a time that does not depend on how many threads
// the store has.
#include <algorithm>

#include "engine/base/codes.h"
#include "engine/base/try.h"
#include "engine/live/engine.h"
#include "engine/store/epochs.h"
#include "engine/store/keys.h"
#include "engine/store/open_runs.h"
#include "engine/store/thread_flags.h"

namespace lockstep {
namespace {

// The epochs of the store. A store without epochs is new.
Result<Epochs> read_epochs(const Engine::Parts& parts, std::vector<RowWrite>& rows) {
  TRY_LET(value, parts.store.get(Table::meta, epochs_key));
  if (!value) {
    Epochs epochs{.current = Epoch(parts.random.next()), .former = {}};
    rows.push_back(
        {Table::meta, std::string(epochs_key), encode_epochs(epochs), RowWrite::Stamp::none});
    return epochs;
  }
  auto epochs = decode_epochs(*value);
  if (!epochs) return fail(Kind::corrupt, codes::corrupt, "the store's epochs can't be read");
  return std::move(*epochs);
}

Result<ThreadNumber> read_next_number(const Store& store) {
  TRY_LET(value, store.get(Table::meta, keys::next_thread));
  if (!value) return ThreadNumber(1);
  const auto number = keys::decode_number(*value);
  if (!number || *number == 0) {
    return fail(Kind::corrupt, codes::corrupt, "the next thread's number can't be read");
  }
  return ThreadNumber(*number);
}

constexpr const char* of_another_history =
    "the store was restored, salvaged, imported into or upgraded since the run began";
constexpr const char* agent_gone = "its agent was removed";
constexpr const char* agent_changed = "its agent is of another kind now";

// Runs that began at or before this commit are from another history: from before a restore, a
// salvage or an import.
struct OutsideSince {
  CommitNumber commit;
  bool is_new = false;  // this start has drawn the line: it lies after all open runs
};
Result<OutsideSince> read_outside_since(const Engine::Parts& parts, const Epochs& epochs,
                                        std::vector<RowWrite>& rows) {
  TRY_LET(value, parts.store.get(Table::meta, keys::outside_since));
  const std::string epoch = keys::encode_number(epochs.current.get());
  if (value && value->starts_with(epoch)) {
    const auto commit = keys::decode_number(std::string_view(*value).substr(epoch.size()));
    if (commit) return OutsideSince{CommitNumber(*commit)};
  }
  const CommitNumber last = parts.log.last_commit();
  rows.push_back({Table::meta, std::string(keys::outside_since),
                  epoch + keys::encode_number(last.get()), RowWrite::Stamp::none});
  return OutsideSince{.commit = last, .is_new = true};
}

// Did the run begin after this commit? Compares it with the run's first entry.
Result<bool> began_after(const Log& log, const OpenThread& open, CommitNumber since) {
  const Timestamp started = open.running->started;
  if (started == Timestamp()) return false;
  const auto entries = log.read(open.number, Timestamp(started.get() - 1), 1, 1);
  if (!entries) {
    if (entries.error().kind == Kind::corrupt) return false;  // opening the thread reports it
    return std::unexpected(entries.error());
  }
  return !entries->empty() && entries->front().at == started && entries->front().commit > since;
}

// How an open thread goes on.
struct Outlook {
  std::optional<std::chrono::microseconds> silence_max;  // its running run outlives the process
  const char* why = nullptr;  // why the run ends, if not because the former process ended
};

Result<Outlook> outlook_of(const Engine::Parts& parts, const OpenThread& open,
                           const OutsideSince& since) {
  const Outlook ended{.silence_max = {}, .why = since.is_new ? of_another_history : nullptr};
  if (!open.running) return ended;
  TRY_LET(settings, parts.store.get(Table::settings, keys::settings(open.running->settings)));
  if (!settings) return ended;
  const AgentName& agent = open.running->agent;
  const auto silence_max = parts.agents.outlives(agent, *settings);
  if (!silence_max) {
    if (since.is_new || !parts.agents.wrote_outside(*settings)) return ended;
    return Outlook{{}, parts.agents.settings(agent, {}) ? agent_changed : agent_gone};
  }
  TRY_LET(here, began_after(parts.log, open, since.commit));
  if (!here) return Outlook{{}, of_another_history};
  return Outlook{silence_max};
}

}  // namespace

// Finds the open runs that go on, and the threads that need mending.
Result<void> Engine::look_at_open_runs(const Parts& parts, Found& found) {
  TRY_LET(open, read_open_runs(parts.store));
  std::ranges::copy(open.damaged, std::back_inserter(found.quarantined));
  TRY_LET(since, read_outside_since(parts, found.epochs, found.rows));
  for (OpenThread& one : open.threads) {
    TRY_LET(outlook, outlook_of(parts, one, since));
    if (outlook.silence_max) {
      found.outside.emplace_back(
          one.number,
          OutsideRuns::One{std::move(one.thread), one.running->run, *outlook.silence_max,
                           one.running->agent, one.running->attempt});
    } else {
      if (outlook.why) found.why.emplace(one.thread, outlook.why);
      found.interrupted.push_back(std::move(one.thread));
    }
  }
  return {};
}

Result<Engine::Found> Engine::look(const Parts& parts) {
  Found found;
  TRY_LET(epochs, read_epochs(parts, found.rows));
  found.epochs = std::move(epochs);
  TRY_LET(next, read_next_number(parts.store));
  found.next_number = next;

  const auto quarantined = thread_flags::read(parts.store, thread_flags::quarantined);
  if (!quarantined) return std::unexpected(quarantined.error());
  found.quarantined = *quarantined;
  const auto died = parts.crash_mark ? parts.crash_mark->found() : std::nullopt;
  if (died && *died < found.next_number) {  // a higher number is not a thread's
    found.quarantined.push_back(*died);
    found.rows.push_back(thread_flags::set(thread_flags::quarantined, *died));
  }
  TRY_LET(erasing, thread_flags::read(parts.store, thread_flags::erasing));
  found.half_erased = erasing;

  TRY(look_at_open_runs(parts, found));
  return found;
}

}  // namespace lockstep
