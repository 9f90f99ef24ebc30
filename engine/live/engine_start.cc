// SPDX-License-Identifier: Apache-2.0
// engine_start.cc: what a start finds. Nothing here depends on how many threads there are.
#include <algorithm>

#include "engine/live/engine.h"
#include "engine/store/epochs.h"
#include "engine/store/keys.h"
#include "engine/store/open_runs.h"
#include "engine/store/thread_flags.h"

namespace lockstep {
namespace {

// The epochs of the store; a store without any is a new one.
Result<Epochs> read_epochs(const Engine::Parts& parts, std::vector<Row>& rows) {
  const auto value = parts.store.get(Table::meta, epochs_key);
  if (!value) return std::unexpected(value.error());
  if (!*value) {
    Epochs epochs{.current = Epoch(parts.random.next()), .former = {}};
    rows.push_back({Table::meta, std::string(epochs_key), encode_epochs(epochs), Row::Stamp::none});
    return epochs;
  }
  auto epochs = decode_epochs(**value);
  if (!epochs) return fail(Kind::corrupt, "corrupt", "the store's epochs can't be read");
  return std::move(*epochs);
}

Result<ThreadNumber> read_next_number(const Store& store) {
  const auto value = store.get(Table::meta, keys::next_thread);
  if (!value) return std::unexpected(value.error());
  if (!*value) return ThreadNumber(1);
  const auto number = keys::decode_number(**value);
  if (!number || *number == 0) {
    return fail(Kind::corrupt, "corrupt", "the next thread's number can't be read");
  }
  return ThreadNumber(*number);
}

constexpr const char* of_another_history =
    "the store was restored, salvaged, imported into or upgraded since the run began";
constexpr const char* agent_gone = "its agent is not there any more";
constexpr const char* agent_changed = "its agent is no longer written from outside";

// Runs that began up to this commit are another history's: of before a restore or an import.
struct OutsideSince {
  CommitNumber commit;
  bool is_new = false;  // so are all that are open
};
Result<OutsideSince> read_outside_since(const Engine::Parts& parts, const Epochs& epochs,
                                        std::vector<Row>& rows) {
  const auto value = parts.store.get(Table::meta, keys::outside_since);
  if (!value) return std::unexpected(value.error());
  const std::string epoch = keys::encode_number(epochs.current.get());
  if (*value && (*value)->starts_with(epoch)) {
    const auto commit = keys::decode_number(std::string_view(**value).substr(epoch.size()));
    if (commit) return OutsideSince{CommitNumber(*commit)};
  }
  const CommitNumber last = parts.log.last_commit();
  rows.push_back({Table::meta, std::string(keys::outside_since),
                  epoch + keys::encode_number(last.get()), Row::Stamp::none});
  return OutsideSince{.commit = last, .is_new = true};
}

// Did the run begin after this commit? Its first entry says so.
Result<bool> began_after(const Log& log, const OpenThread& open, CommitNumber since) {
  const Timestamp started = open.running->started;
  if (started == Timestamp()) return false;
  const auto entries = log.read(open.number, Timestamp(started.get() - 1), 1, 1);
  if (!entries) {
    if (entries.error().kind == Kind::corrupt) return false;  // to open it says what is the matter
    return std::unexpected(entries.error());
  }
  return !entries->empty() && entries->front().at == started && entries->front().commit > since;
}

// How an open thread goes on.
struct Outlook {
  std::optional<std::chrono::microseconds> silence_max;  // its running run outlives the process
  const char* why = nullptr;  // it does not, if that is not because the process ended
};

Result<Outlook> outlook_of(const Engine::Parts& parts, const OpenThread& open,
                           const OutsideSince& since) {
  const Outlook ended{.silence_max = {}, .why = since.is_new ? of_another_history : nullptr};
  if (!open.running) return ended;
  const auto settings = parts.store.get(Table::settings, keys::settings(open.running->settings));
  if (!settings) return std::unexpected(settings.error());
  if (!*settings) return ended;
  const AgentName& agent = open.running->agent;
  const auto silence_max = parts.agents.outlives(agent, **settings);
  if (!silence_max) {
    if (since.is_new || !parts.agents.wrote_outside(**settings)) return ended;
    return Outlook{{}, parts.agents.settings(agent, {}) ? agent_changed : agent_gone};
  }
  const auto here = began_after(parts.log, open, since.commit);
  if (!here) return std::unexpected(here.error());
  if (!*here) return Outlook{{}, of_another_history};
  return Outlook{silence_max};
}

}  // namespace

// Which open runs go on, and which threads are to be mended.
Result<void> Engine::look_at_open_runs(const Parts& parts, Found& found) {
  auto open = read_open_runs(parts.store);
  if (!open) return std::unexpected(open.error());
  std::ranges::copy(open->damaged, std::back_inserter(found.quarantined));
  const auto since = read_outside_since(parts, found.epochs, found.rows);
  if (!since) return std::unexpected(since.error());
  for (OpenThread& one : open->threads) {
    const auto outlook = outlook_of(parts, one, *since);
    if (!outlook) return std::unexpected(outlook.error());
    if (outlook->silence_max) {
      found.outside.emplace_back(
          one.number,
          OutsideRuns::One{std::move(one.thread), one.running->run, *outlook->silence_max});
    } else {
      if (outlook->why) found.why.emplace(one.thread, outlook->why);
      found.interrupted.push_back(std::move(one.thread));
    }
  }
  return {};
}

Result<Engine::Found> Engine::look(const Parts& parts) {
  Found found;
  auto epochs = read_epochs(parts, found.rows);
  if (!epochs) return std::unexpected(epochs.error());
  found.epochs = std::move(*epochs);
  const auto next = read_next_number(parts.store);
  if (!next) return std::unexpected(next.error());
  found.next_number = *next;

  const auto quarantined = marks::read(parts.store, marks::quarantined);
  if (!quarantined) return std::unexpected(quarantined.error());
  found.quarantined = *quarantined;
  const auto died = parts.opening ? parts.opening->found() : std::nullopt;
  if (died && *died < found.next_number) {  // else it names no thread
    found.quarantined.push_back(*died);
    found.rows.push_back(marks::set(marks::quarantined, *died));
  }
  const auto erasing = marks::read(parts.store, marks::erasing);
  if (!erasing) return std::unexpected(erasing.error());
  found.half_erased = *erasing;

  if (auto looked = look_at_open_runs(parts, found); !looked) {
    return std::unexpected(looked.error());
  }
  return found;
}

}  // namespace lockstep
