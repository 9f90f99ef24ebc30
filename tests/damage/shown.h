// SPDX-License-Identifier: Apache-2.0
// shown.h: all that a store shows, as a front can ask for it.
//
// The real engine over the store that is looked at: every thread's screen and entries, each run's
// context, the lists and the feeds. The engine may not write: what it would append at its start
// (the end of runs that a crash has interrupted) is kept back, so that what it shows is what the
// bytes say and nothing that came after.
#pragma once

#include <expected>
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "engine/live/engine.h"
#include "engine/rocks/kv.h"

namespace lockstep::damage {

struct ThreadShown {
  Screen screen;
  std::vector<Entry> entries;
  std::map<RunId, std::string> settings;  // of the runs that have started
  friend bool operator==(const ThreadShown&, const ThreadShown&) = default;
};

// A list's rows with its cursor, a feed's with theirs.
using FeedShown = std::tuple<std::string, std::optional<Thread>, std::optional<ThreadId>>;
struct ListShown {
  std::vector<Thread> threads;
  std::vector<FeedShown> feed;
  friend bool operator==(const ListShown&, const ListShown&) = default;
};

struct Shown {
  std::map<ThreadName, Result<ThreadShown>> threads;
  std::map<UserId, Result<ListShown>> lists;
};

// Fails as the engine's start does. Deleted threads show the error `deleted`.
[[nodiscard]] Result<Shown> look(const Log& log, Store& store,
                                 const std::vector<ThreadName>& threads);

// What a running engine shows.
[[nodiscard]] Shown ask(Engine& engine, const std::vector<ThreadName>& threads);

// An engine that may not write, over a store: what it answers while `use` runs. Fails as its start
// does.
[[nodiscard]] Result<void> with_engine(const Log& log, Store& store,
                                       const std::function<void(Engine&)>& use);

// Every row of every table, in order; fails as the disk does.
using TableShown = std::vector<KvRow>;
[[nodiscard]] Result<TableShown> rows_of(const Kv& kv, KvTable table);

}  // namespace lockstep::damage
