// SPDX-License-Identifier: Apache-2.0
#include "engine/store/open_runs.h"

#include <algorithm>

#include "engine/base/codes.h"
#include "engine/base/limits.h"
#include "engine/base/must.h"
#include "engine/base/try.h"
#include "engine/store/keys.h"
#include "engine/store/row_codec.h"

namespace lockstep {
namespace {

// The run that this event opens, starts or ends, or of which it raises the attempt; else null.
const RunId* run_of(const Event& event) {
  if (const auto* queued = std::get_if<RunQueued>(&event)) return &queued->run;
  if (const auto* started = std::get_if<RunStarted>(&event)) return &started->run;
  if (const auto* ended = std::get_if<RunEnded>(&event)) return &ended->run;
  if (const auto* attempt = std::get_if<AttemptStarted>(&event)) return &attempt->run;
  return nullptr;
}

// False if the key can't be read: then not even the thread is known.
bool note_open_run(OpenRuns& open, const std::string& key, const std::string& value) {
  const auto place = keys::decode_open_run(key);
  if (!place) return false;
  const auto run = decode_open_run(key, value);
  if (!run) {
    open.damaged.push_back(place->thread);
    return true;
  }
  // The rows of a thread lie together.
  if (open.threads.empty() || open.threads.back().number != place->thread) {
    open.threads.push_back({place->thread, run->thread, std::nullopt});
  }
  if (run->status == RunStatus::running) open.threads.back().running = *run;
  return true;
}

}  // namespace

std::vector<RowWrite> open_run_rows(ThreadNumber thread, const ThreadState& after,
                                    const Entry& entry) {
  std::vector<std::uint32_t> numbers;
  for (const Event& event : entry.events) {
    const RunId* id = run_of(event);
    if (!id) continue;
    const std::uint32_t* number = after.run_numbers.find(*id);
    MUST(number != nullptr && *number < after.runs.size());
    // One row for each run: a run may start and end in one entry, and the row shows it after both.
    if (std::ranges::find(numbers, *number) == numbers.end()) numbers.push_back(*number);
  }
  std::vector<RowWrite> rows;
  for (std::uint32_t number : numbers) {
    const Run& run = after.runs[number].run;
    RowWrite row{.table = Table::open_runs,
                 .key = keys::open_run({thread, number}),
                 .value = std::nullopt,
                 .stamp = RowWrite::Stamp::none};
    if (is_open(run.status)) {
      row.value = encode(row.key, open_run_of(after, run));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

OpenRun open_run_of(const ThreadState& state, const Run& run) {
  MUST(is_open(run.status));
  return {.thread = name_of(state),
          .run = run.id,
          .status = run.status,
          .attempt = run.attempt,
          .agent = run.agent,
          .started = run.started.value_or(Timestamp()),
          .settings = run.settings.value_or(Hash())};
}

Result<OpenRuns> read_open_runs(const Store& store) {
  OpenRuns open;
  Scan scan{.table = Table::open_runs, .rows_max = limits::list_max};
  while (true) {
    TRY_LET(rows, store.scan(scan));
    const bool all_known = std::ranges::all_of(
        rows, [&](const auto& row) { return note_open_run(open, row.first, row.second); });
    if (!all_known) return fail(Kind::corrupt, codes::corrupt, "a key in `open_runs` names no run");
    if (rows.size() < scan.rows_max) return open;
    scan.after = rows.back().first;
  }
}

}  // namespace lockstep
