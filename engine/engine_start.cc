// SPDX-License-Identifier: Apache-2.0
// engine_start.cc: what a start finds. Nothing here depends on how many threads there are.
#include <algorithm>

#include "engine/engine_local.h"
#include "engine/epochs.h"
#include "engine/keys.h"
#include "engine/marks.h"
#include "engine/run_queue.h"

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

// Runs that began up to this commit are another history's: of before a restore or an import.
Result<CommitNumber> read_outside_since(const Engine::Parts& parts, const Epochs& epochs,
                                        std::vector<Row>& rows) {
  const auto value = parts.store.get(Table::meta, keys::outside_since);
  if (!value) return std::unexpected(value.error());
  const std::string epoch = keys::encode_number(epochs.current.get());
  if (*value && (*value)->starts_with(epoch)) {
    const auto commit = keys::decode_number(std::string_view(**value).substr(epoch.size()));
    if (commit) return CommitNumber(*commit);
  }
  const CommitNumber last = parts.log.last_commit();
  rows.push_back({Table::meta, std::string(keys::outside_since),
                  epoch + keys::encode_number(last.get()), Row::Stamp::none});
  return last;
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

// How long its running run may be silent, if it outlives the process.
Result<std::optional<std::chrono::microseconds>> silence_max_of(const Engine::Parts& parts,
                                                                const OpenThread& open,
                                                                CommitNumber since) {
  if (!open.running) return std::nullopt;
  const auto settings = parts.store.get(Table::settings, keys::settings(open.running->settings));
  if (!settings) return std::unexpected(settings.error());
  if (!*settings) return std::nullopt;
  const auto silence_max = parts.agents.outlives(open.running->agent, **settings);
  if (!silence_max) return std::nullopt;
  const auto here = began_after(parts.log, open, since);
  if (!here) return std::unexpected(here.error());
  return *here ? silence_max : std::nullopt;
}

}  // namespace

// Which open runs go on, and which threads are to be mended.
Result<void> LocalEngine::look_at_open_runs(const Parts& parts, Found& found) {
  auto open = read_open_runs(parts.store);
  if (!open) return std::unexpected(open.error());
  std::ranges::copy(open->damaged, std::back_inserter(found.quarantined));
  const auto since = read_outside_since(parts, found.epochs, found.rows);
  if (!since) return std::unexpected(since.error());
  for (OpenThread& one : open->threads) {
    const auto silence_max = silence_max_of(parts, one, *since);
    if (!silence_max) return std::unexpected(silence_max.error());
    if (*silence_max) {
      found.outside.emplace_back(
          one.number, OutsideRuns::One{std::move(one.thread), one.running->run, **silence_max});
    } else {
      found.interrupted.push_back(std::move(one.thread));
    }
  }
  return {};
}

Result<LocalEngine::Found> LocalEngine::look(const Parts& parts) {
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
  for (ThreadNumber number : *erasing) found.rows.push_back(marks::clear(marks::erasing, number));

  if (auto looked = look_at_open_runs(parts, found); !looked) {
    return std::unexpected(looked.error());
  }
  return found;
}

}  // namespace lockstep
