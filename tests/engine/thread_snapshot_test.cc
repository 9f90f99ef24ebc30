// SPDX-License-Identifier: Apache-2.0
#include "engine/store/thread_snapshot.h"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/base/limits.h"
#include "engine/rules/fold.h"
#include "engine/store/keys.h"
#include "tests/support/small_state.h"

namespace lockstep {
namespace {

constexpr ThreadNumber number{3};

// Rows in memory, as a store gives them.
class RowStore : public Store {
 public:
  void put(const std::vector<RowWrite>& rows) {
    for (const RowWrite& row : rows) {
      if (row.value) {
        table(row.table)[row.key] = *row.value;
      } else {
        table(row.table).erase(row.key);
      }
    }
  }
  std::map<std::string, std::string>& table(Table which) {
    return tables_[static_cast<std::size_t>(which)];
  }

  [[nodiscard]] Result<std::optional<std::string>> get(Table which,
                                                       std::string_view key) const override {
    const auto& rows = tables_[static_cast<std::size_t>(which)];
    const auto found = rows.find(std::string(key));
    return found == rows.end() ? std::nullopt : std::optional(found->second);
  }

  [[nodiscard]] Result<std::vector<std::pair<std::string, std::string>>> scan(
      const Scan& scan) const override {
    const auto& rows = tables_[static_cast<std::size_t>(scan.table)];
    std::vector<std::pair<std::string, std::string>> found;
    auto at = scan.after.empty() ? rows.lower_bound(scan.prefix) : rows.upper_bound(scan.after);
    for (; at != rows.end() && at->first.starts_with(scan.prefix); ++at) {
      if (found.size() == scan.rows_max) break;
      found.emplace_back(*at);
    }
    return found;
  }

 private:
  std::array<std::map<std::string, std::string>, table_count> tables_;
};

std::string damage(RowStore& store) {
  const auto loaded = load_snapshot(store, number);
  return loaded ? "none" : loaded.error().code;
}

Entry after(const ThreadState& state, std::vector<Event> events) {
  Entry entry;
  entry.previous = state.now;
  entry.at = Timestamp(state.now.get() + 10);
  entry.events = std::move(events);
  return entry;
}

TEST(ThreadSnapshot, ALoadedStateIsTheFoldedOne) {
  const ThreadState state = small_state();
  RowStore store;

  store.put(snapshot_rows(number, state, Timestamp()));
  const auto loaded = load_snapshot(store, number);

  ASSERT_TRUE(loaded.has_value()) << loaded.error().detail;
  EXPECT_EQ(difference(*loaded, state), "");
}

TEST(ThreadSnapshot, ALoadedStateFoldsOnAsTheOther) {
  ThreadState state = small_state();
  RowStore store;
  store.put(snapshot_rows(number, state, Timestamp()));
  auto loaded = load_snapshot(store, number);
  ASSERT_TRUE(loaded.has_value());

  const Entry entry = after(state, {ContentAppended{MessageId("m.live"), 0, 4, " upon"}});
  fold(state, entry);
  fold(*loaded, entry);

  EXPECT_EQ(difference(*loaded, state), "");
}

TEST(ThreadSnapshot, RowsOfTheChangesBringFormerViewsUpToDate) {
  ThreadState state = small_state();
  RowStore store;
  store.put(snapshot_rows(number, state, Timestamp()));
  const Timestamp before = state.now;
  const RunId run("r.second");
  Entry entry = after(state, {ContentAppended{MessageId("m.live"), 0, 4, " upon"}});
  entry.producer = ProducerOffset{run, 1, 9};
  fold(state, entry);
  fold(state, after(state, {MessageEnded{MessageId("m.live"), MessageStatus::complete, {}},
                            RunEnded{run, RunStatus::completed, {}, Json{"{}"}}}));
  Entry refused = after(state, {});
  refused.acks.emplace_back(UserId("bob"), DeviceId("tab"), Hash{1}, Outcome());
  refused.acks[0].outcome.op = Op(1);
  fold(state, refused);

  const std::vector<RowWrite> rows = snapshot_rows(number, state, before);
  store.put(rows);
  const auto loaded = load_snapshot(store, number);

  ASSERT_TRUE(loaded.has_value()) << loaded.error().detail;
  EXPECT_EQ(difference(*loaded, state), "");
  // The thread, one message, the run that ended and the one that waits, one device.
  EXPECT_EQ(rows.size(), 5);
}

TEST(ThreadSnapshot, AnOpenRunsStepsAreKeptWithoutAnEventForIt) {
  ThreadState state = small_state();
  RowStore store;
  store.put(snapshot_rows(number, state, Timestamp()));
  const Timestamp before = state.now;
  Entry entry = after(state, {});
  entry.producer = ProducerOffset{RunId("r.second"), 1, 44};
  fold(state, entry);

  store.put(snapshot_rows(number, state, before));
  const auto loaded = load_snapshot(store, number);

  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(difference(*loaded, state), "");
}

TEST(ThreadSnapshot, ALateCutLeavesItsMarkOnARunThatHasEnded) {
  ThreadState state = small_state();
  const RunId run("r.second");
  const MessageId live("m.live");
  fold(state, after(state, {PartStarted{live, 1, ToolCallPart{"c.9", "look", "{}"}},
                            MessageEnded{live, MessageStatus::complete, {}},
                            RunEnded{run, RunStatus::completed, {}, {}}}));
  RowStore store;
  store.put(snapshot_rows(number, state, Timestamp()));
  const Timestamp before = state.now;
  fold(state, after(state, {MessageCut{live, {2}, MessageStatus::stopped}}));
  ASSERT_EQ(state.run(run)->cut_calls.size(), 1);

  store.put(snapshot_rows(number, state, before));
  const auto loaded = load_snapshot(store, number);

  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(difference(*loaded, state), "");
}

// Such an event leaves the message's `updated` as it was.
TEST(ThreadSnapshot, OpaqueDataThatWasNotedSinceIsInTheNextOne) {
  ThreadState state = small_state();
  RowStore store;
  store.put(snapshot_rows(number, state, Timestamp()));
  const Timestamp before = state.now;
  fold(state, after(state, {OpaqueNoted{MessageId("m.live"), {{}, "server", Json{"1"}}}}));

  store.put(snapshot_rows(number, state, before));
  const auto loaded = load_snapshot(store, number);

  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(difference(*loaded, state), "");
}

TEST(ThreadSnapshot, AThreadOfMoreRowsThanAScanBringsIsLoadedWhole) {
  ThreadState state = small_state();
  for (std::size_t count = 0; count <= limits::list_max; ++count) {
    Message message;
    message.id = MessageId("many." + std::to_string(count));
    fold(state, after(state, {MessagePut{message}}));
  }
  RowStore store;
  store.put(snapshot_rows(number, state, Timestamp()));

  const auto loaded = load_snapshot(store, number);

  ASSERT_TRUE(loaded.has_value()) << loaded.error().detail;
  EXPECT_EQ(difference(*loaded, state), "");
}

TEST(ThreadSnapshot, EveryRowThatIsMissingIsFound) {
  RowStore whole;
  whole.put(snapshot_rows(number, small_state(), Timestamp()));

  for (const auto& [key, value] : whole.table(Table::views)) {
    RowStore store = whole;
    store.table(Table::views).erase(key);
    EXPECT_EQ(damage(store), "corrupt");
  }
}

TEST(ThreadSnapshot, EveryRowThatIsDamagedIsFound) {
  RowStore whole;
  whole.put(snapshot_rows(number, small_state(), Timestamp()));

  for (const auto& [key, value] : whole.table(Table::views)) {
    RowStore store = whole;
    store.table(Table::views)[key][value.size() / 2] ^= 1;
    EXPECT_EQ(damage(store), "corrupt");
  }
}

TEST(ThreadSnapshot, ARowTooManyIsFound) {
  ThreadState more = small_state();
  fold(more, after(more, {MessageCreated{
                             MessageId("m.more"), {}, Role::assistant, {}, RunId("r.second")}}));
  RowStore store;
  store.put(snapshot_rows(number, more, Timestamp()));
  RowStore older;
  older.put(snapshot_rows(number, small_state(), Timestamp()));
  const std::string key = keys::snapshot_row(number, keys::ThreadPlace{});

  store.table(Table::views)[key] = older.table(Table::views)[key];

  EXPECT_EQ(damage(store), "corrupt");
}

TEST(ThreadSnapshot, OpenRunsOtherThanThoseThatTheThreadNamesAreFound) {
  const ThreadState whole = small_state();
  ASSERT_TRUE(whole.running.has_value() && whole.waiting.size() == 1);
  const auto damage_of = [](const ThreadState& state) {
    RowStore store;
    store.put(snapshot_rows(number, state, Timestamp()));
    return damage(store);
  };
  EXPECT_EQ(damage_of(whole), "none");

  ThreadState state = whole;
  state.running = std::nullopt;
  EXPECT_EQ(damage_of(state), "corrupt");
  state.running = whole.waiting[0];
  EXPECT_EQ(damage_of(state), "corrupt");
  state = whole;
  state.waiting = {};
  EXPECT_EQ(damage_of(state), "corrupt");
  state.waiting = {whole.waiting[0], whole.waiting[0]};
  EXPECT_EQ(damage_of(state), "corrupt");
  state.waiting = {*whole.running};
  EXPECT_EQ(damage_of(state), "corrupt");
}

TEST(ThreadSnapshot, ARowThatNamesAnotherThatIsNotThereIsFound) {
  const ThreadState whole = small_state();
  const auto messages = static_cast<std::uint32_t>(whole.messages.size());
  const auto runs = static_cast<std::uint32_t>(whole.runs.size());
  const MessageId none("m.none");
  const std::vector<std::function<void(ThreadState&)>> spoils = {
      [&](ThreadState& state) { state.runs.edit(0).messages = {messages}; },
      [&](ThreadState& state) { state.runs.edit(0).run.head = none; },
      [&](ThreadState& state) { state.runs.edit(0).run.place.message = none; },
      [&](ThreadState& state) { state.waiting = {runs}; },
      [&](ThreadState& state) { state.thread.head = none; },
      [&](ThreadState& state) { state.messages.edit(1).message.parent = none; },
      [&](ThreadState& state) { state.messages.edit(1).message.run = RunId("r.none"); },
      [&](ThreadState& state) { state.messages.edit(1).message.id = state.messages[0].message.id; },
  };
  for (std::size_t at = 0; at < spoils.size(); ++at) {
    SCOPED_TRACE(at);
    ThreadState state = whole;
    spoils[at](state);
    RowStore store;

    store.put(snapshot_rows(number, state, Timestamp()));

    EXPECT_EQ(damage(store), "corrupt");
  }
}

TEST(ThreadSnapshot, AStateAtTheEndOfTimeIsFound) {
  ThreadState state = small_state();
  state.now = end_of_time;
  RowStore store;

  store.put(snapshot_rows(number, state, Timestamp()));

  EXPECT_EQ(damage(store), "corrupt");
}

TEST(ThreadSnapshot, AnotherThreadsRowsAreLeftAlone) {
  RowStore store;
  store.put(snapshot_rows(number, small_state(), Timestamp()));
  store.put(snapshot_rows(ThreadNumber(4), small_state(), Timestamp()));

  EXPECT_EQ(damage(store), "none");
}

TEST(ThreadSnapshot, AThreadWithoutViewsIsCorrupt) {
  RowStore store;

  EXPECT_EQ(damage(store), "corrupt");
}

TEST(ThreadSnapshot, ADifferenceIsNamed) {
  const ThreadState state = small_state();
  ThreadState other = state;
  other.messages.edit(2).message.parts.clear();

  EXPECT_EQ(difference(state, state), "");
  EXPECT_EQ(difference(state, other), "message 2: number of parts");
  other = state;
  other.runs.edit(1).seq += 1;
  EXPECT_EQ(difference(state, other), "run 1: seq");
  other = state;
  other.message_numbers.edit(MessageId("ghost")) = 0;
  EXPECT_EQ(difference(state, other), "index of messages");
}

}  // namespace
}  // namespace lockstep
