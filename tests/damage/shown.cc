// SPDX-License-Identifier: Apache-2.0
#include "tests/damage/shown.h"

#include <limits>
#include <utility>

#include "engine/base/limits.h"
#include "tests/support/engine_fixture.h"

namespace lockstep::damage {
namespace {

// A log that can be read, and holds back all writes.
class MutedLog final : public Log {
 public:
  explicit MutedLog(const Log& log) : log_(log) {}

  void append(Append, Done<Result<CommitNumber>> done) override {
    appends_.push_back(std::move(done));
  }
  [[nodiscard]] Result<std::vector<StoredEntry>> read(ThreadNumber thread, Timestamp after,
                                                      std::uint32_t entries_max,
                                                      std::size_t bytes_max) const override {
    return log_.read(thread, after, entries_max, bytes_max);
  }
  void follow(OnCommit) override {}
  [[nodiscard]] CommitNumber last_commit() const override { return log_.last_commit(); }
  void write(std::vector<RowWrite>, std::vector<ThreadNumber>, Done<Result<void>> done) override {
    writes_.push_back(std::move(done));
  }

 private:
  const Log& log_;
  std::vector<Done<Result<CommitNumber>>> appends_;
  std::vector<Done<Result<void>>> writes_;
};

// Nothing is written, so no interrupted run could be ended: each is left to a writer that may come
// back, and its thread is shown as it is stored.
class PatientAgents final : public test::AnyAgents {
 public:
  [[nodiscard]] std::optional<std::chrono::microseconds> outlives(const AgentName&,
                                                                  std::string_view) const override {
    return silence_max;
  }
};

Result<ThreadShown> ask_thread(Engine& engine, const ThreadName& name) {
  auto reading = engine.read(name.owner, name, {});
  if (!reading) return std::unexpected(reading.error());
  ThreadShown shown;
  shown.screen = std::move(reading->screen);
  for (Timestamp after;;) {
    auto slice = engine.entries(name.owner, name, after, limits::read_bytes_max);
    if (!slice) return std::unexpected(slice.error());
    if (slice->entries.empty()) break;
    for (const auto& published : slice->entries) shown.entries.push_back(*published->entry);
    after = shown.entries.back().at;
  }
  for (const Run& run : shown.screen.runs) {
    if (!run.started) continue;
    auto context = engine.context(name.owner, name, run.id);
    if (!context) return std::unexpected(context.error());
    shown.settings[run.id] = std::move(context->context.settings);
  }
  return shown;
}

Result<ListShown> ask_list(Engine& engine, const UserId& user) {
  ListShown shown;
  auto page = engine.threads(user, {}, limits::read_entries_max);
  if (!page) return std::unexpected(page.error());
  shown.threads = std::move(page->threads);
  auto feed = engine.feed(user, "", limits::read_entries_max);
  if (!feed) return std::unexpected(feed.error());
  for (FeedItem& item : *feed) shown.feed.emplace_back(item.cursor, item.thread, item.removed);
  return shown;
}

}  // namespace

Shown ask(Engine& engine, const std::vector<ThreadName>& threads) {
  Shown shown;
  for (const ThreadName& name : threads) {
    shown.threads.emplace(name, ask_thread(engine, name));
    if (!shown.lists.contains(name.owner)) {
      shown.lists.emplace(name.owner, ask_list(engine, name.owner));
    }
  }
  return shown;
}

Result<void> with_engine(const Log& log, Store& store, const std::function<void(Engine&)>& use) {
  MutedLog muted(log);
  test::SteppedExecutor executor;
  test::SteppedClock clock;
  test::CountedRandom random;
  PatientAgents agents;
  Metrics metrics;
  test::RecordingHost host;
  auto engine = Engine::open({.log = muted,
                              .store = store,
                              .clock = clock,
                              .random = random,
                              .executor = executor,
                              .agents = agents,
                              .is_json_object = test::is_json_object,
                              .metrics = metrics,
                              .crash_mark = nullptr},
                             host, [](const Result<void>&) {});
  if (!engine) return std::unexpected(engine.error());
  executor.run();
  use(**engine);
  return {};
}

Result<Shown> look(const Log& log, Store& store, const std::vector<ThreadName>& threads) {
  Shown shown;
  auto opened = with_engine(log, store, [&](Engine& engine) { shown = ask(engine, threads); });
  if (!opened) return std::unexpected(opened.error());
  return shown;
}

Result<TableShown> rows_of(const Kv& kv, KvTable table) {
  return kv.scan({.table = table,
                  .begin = {},
                  .end = {},
                  .rows_max = std::numeric_limits<std::uint32_t>::max(),
                  .bytes_max = std::numeric_limits<std::size_t>::max()});
}

}  // namespace lockstep::damage
