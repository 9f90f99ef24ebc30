// SPDX-License-Identifier: Apache-2.0
// shown.h: all that a store shows to a front.
//
// The real engine reads the store: every thread's screen and entries, each run's context, the lists
// and the feeds. The engine can't write: the entries that it would append at its start (for runs
// that a crash interrupted) are held back, so that the result depends only on the stored bytes.
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

// All that a running engine shows of these threads.
[[nodiscard]] Shown ask(Engine& engine, const std::vector<ThreadName>& threads);

// An engine that may not write, over a store: what it answers while `use` runs. Fails as its start
// does.
[[nodiscard]] Result<void> with_engine(const Log& log, Store& store,
                                       const std::function<void(Engine&)>& use);

// Every row of every table, in order; fails as the disk does.
using TableShown = std::vector<KvRow>;
[[nodiscard]] Result<TableShown> rows_of(const Kv& kv, KvTable table);

}  // namespace lockstep::damage
