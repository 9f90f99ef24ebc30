// SPDX-License-Identifier: Apache-2.0
// `lockstep verify` finds and names damage; `lockstep rebuild` makes derived data again.
#include <gtest/gtest.h>

#include "engine/rocks/rocks_keys.h"
#include "engine/store/keys.h"
#include "engine/store/row_codec.h"
#include "engine/store/usage_partial.h"
#include "engine/store/usage_rows.h"
#include "tests/rocks/temp_folder.h"
#include "tests/tools/store_files.h"
#include "tools/forms/json.h"

namespace lockstep::test {
namespace {

class Damage : public testing::Test {
 protected:
  Damage() {
    const Said said = lockstep({"import", "-", "--data", data_}, history_of(story_));
    EXPECT_EQ(said.code, 0) << said.err;
  }

  [[nodiscard]] Said verify() const { return lockstep({"verify", "--data", data_, "--json"}); }
  [[nodiscard]] Said rebuild() const { return lockstep({"rebuild", "--data", data_, "--json"}); }

  // Flips a bit of the first value of the table.
  void flip(KvTable table, std::size_t from_the_end) const {
    tamper(data_, [&](const Kv& kv, KvBatch& batch) {
      auto rows = kv.scan({.table = table,
                           .begin = {},
                           .end = {},
                           .direction = Direction::forward,
                           .rows_max = 1,
                           .bytes_max = 1});
      ASSERT_TRUE(rows && !rows->empty());
      auto [key, value] = rows->front();
      value[value.size() - 1 - from_the_end] ^= 1;
      batch.put(table, key, value);
    });
  }
  void drop_all(KvTable table) const {
    tamper(data_, [&](const Kv&, KvBatch& batch) {
      batch.erase_range(table, std::string(), std::string(200, '\xff'));
    });
  }

  TempFolder folder_;
  std::string data_ = folder_.path() + "/data";
  Story story_ = stopped_and_answered();
};

TEST_F(Damage, AWholeStoreHasNone) {
  const Said said = verify();

  EXPECT_EQ(said.code, 0) << said.out;
  const auto json = parse_json(said.out);
  ASSERT_TRUE(json.has_value()) << said.out;
  EXPECT_TRUE(json->find("ok")->boolean);
  EXPECT_EQ(json->find("threads")->text, "1");
  EXPECT_EQ(json->find("entries")->text, std::to_string(story_.entries().size()));
}

TEST_F(Damage, AFlippedBitInAnEntryIsFoundAndNamed) {
  flip(KvTable::log, 9);

  const Said said = verify();

  EXPECT_EQ(said.code, 1) << said.out;
  const auto json = parse_json(said.out);
  ASSERT_TRUE(json.has_value()) << said.out;
  const JsonValue& problem = json->find("problems")->items[0];
  EXPECT_EQ(problem.find("user")->text, "ann");
  EXPECT_EQ(problem.find("thread")->text, "thread");
  EXPECT_EQ(problem.find("where")->text, "thread thread of ann");
  EXPECT_NE(said.out.find("\"ts\":" + std::to_string(story_.entries()[0].at.get())),
            std::string::npos)
      << said.out;
}

TEST_F(Damage, AThreadThatTheFeedCallsDeletedIsFound) {
  tamper(data_, [](const Kv& kv, KvBatch& batch) {
    const auto rows = kv.scan({.table = KvTable::feed,
                               .begin = {},
                               .end = {},
                               .direction = Direction::forward,
                               .rows_max = 1,
                               .bytes_max = 1});
    ASSERT_TRUE(rows && !rows->empty());
    const auto& [key, value] = rows->front();
    auto row = decode_feed_row(key, value);
    ASSERT_TRUE(row.has_value());
    row->removed = true;
    batch.put(KvTable::feed, key, encode(keys::feed(row->thread.owner), *row));
  });

  const Said said = verify();

  EXPECT_EQ(said.code, 1);
  EXPECT_NE(said.out.find("its place in the feed"), std::string::npos) << said.out;
}

TEST_F(Damage, AMissingEntryIsFound) {
  tamper(data_, [&](const Kv&, KvBatch& batch) {
    batch.erase(KvTable::log, encode_key({ThreadNumber(1), story_.entries()[2].at}));
  });

  const Said said = verify();

  EXPECT_EQ(said.code, 1) << said.out;
  EXPECT_NE(said.out.find("missing"), std::string::npos) << said.out;
}

TEST_F(Damage, AFlippedBitInAnyDerivedTableIsFoundAndCuredByARebuild) {
  for (KvTable table : {KvTable::views, KvTable::threads, KvTable::feed}) {
    flip(table, 9);

    const Said found = verify();
    const Said cured = rebuild();
    const Said after = verify();

    EXPECT_EQ(found.code, 1) << found.out;
    EXPECT_EQ(cured.code, 0) << cured.out << cured.err;
    EXPECT_EQ(after.code, 0) << after.out;
  }
}

TEST_F(Damage, DerivedDataIsMadeAgainFromNothing) {
  const Said before = lockstep({"show", "--data", data_, "--json"});
  drop_all(KvTable::views);
  drop_all(KvTable::threads);
  drop_all(KvTable::feed);

  const Said found = verify();
  const Said cured = rebuild();
  const Said after = verify();

  EXPECT_EQ(found.code, 1) << found.out;
  EXPECT_NE(found.out.find("no row in the list"), std::string::npos) << found.out;
  EXPECT_EQ(cured.code, 0) << cured.out << cured.err;
  EXPECT_EQ(after.code, 0) << after.out;
  EXPECT_EQ(lockstep({"show", "--data", data_, "--json"}).out, before.out);
}

TEST_F(Damage, AViewOfAnotherStateIsFound) {
  // The views of the thread as they were: sealed and in their place, but of another text.
  Story other;
  other.start("r1", "u1", "How far is the sun?");
  const std::string key = keys::snapshot_row(ThreadNumber(1), keys::MessagePlace{0});
  tamper(data_, [&](const Kv&, KvBatch& batch) {
    batch.put(KvTable::views, key, encode(key, other.state().messages[0]));
  });

  const Said said = verify();

  EXPECT_EQ(said.code, 1) << said.out;
  EXPECT_NE(said.out.find("snapshot differs"), std::string::npos) << said.out;
}

TEST_F(Damage, AnOpenRunThatIsInNoThreadIsFound) {
  const std::string key = keys::open_run({ThreadNumber(1), 0});
  tamper(data_, [&](const Kv&, KvBatch& batch) {
    batch.put(KvTable::open_runs, key,
              encode(key, OpenRun{.thread = {UserId("ann"), ThreadId("thread")},
                                  .run = RunId("r1"),
                                  .status = RunStatus::running,
                                  .attempt = 1,
                                  .agent = AgentName("a"),
                                  .started = Timestamp(1)}));
  });

  const Said found = verify();
  const Said cured = rebuild();

  EXPECT_EQ(found.code, 1) << found.out;
  EXPECT_NE(found.out.find("not open"), std::string::npos) << found.out;
  EXPECT_EQ(cured.code, 0) << cured.err;
  EXPECT_EQ(verify().code, 0);
}

TEST_F(Damage, AThreadWhoseLogIsDamagedIsLeftAsItIsByARebuild) {
  flip(KvTable::log, 9);

  const Said said = rebuild();

  EXPECT_EQ(said.code, 1) << said.out;
  EXPECT_NE(said.out.find("\"threads\":0"), std::string::npos) << said.out;
}

// --- The totals of usage -------------------------------------------------------------------------

class UsageDamage : public Damage {
 protected:
  // The row of the first run, as it is or as `change` leaves it.
  void change_row(const std::function<void(UsageCounts&)>& change) const {
    tamper(data_, [&](const Kv& kv, KvBatch& batch) {
      const std::string prefix(usage_prefix);
      auto rows = kv.scan({.table = KvTable::meta,
                           .begin = prefix,
                           .end = prefix + std::string(40, '\xff'),
                           .direction = Direction::forward,
                           .rows_max = 1,
                           .bytes_max = 1});
      ASSERT_TRUE(rows && !rows->empty());
      const auto& [key, value] = rows->front();
      auto counts = decode_usage_counts(key, value);
      ASSERT_TRUE(counts.has_value());
      change(*counts);
      batch.put(KvTable::meta, key, encode(key, *counts));
    });
  }
  void expect_found_and_cured(const std::string& words) const {
    const Said found = verify();
    EXPECT_EQ(found.code, 1) << found.out;
    EXPECT_NE(found.out.find("the totals of usage"), std::string::npos) << found.out;
    EXPECT_NE(found.out.find(words), std::string::npos) << found.out;
    EXPECT_EQ(rebuild().code, 0);
    EXPECT_EQ(verify().code, 0) << verify().out;
  }
};

TEST_F(UsageDamage, ASumThatTheLogDoesNotTellIsFoundAndCuredByARebuild) {
  change_row([](UsageCounts& counts) { counts.input += 1000; });
  expect_found_and_cured("and the log");
}

TEST_F(UsageDamage, AMissingRowIsFoundAndCured) {
  tamper(data_, [](const Kv&, KvBatch& batch) {
    const std::string prefix(usage_prefix);
    batch.erase_range(KvTable::meta, prefix, prefix + std::string(40, '\xff'));
  });
  expect_found_and_cured("says 0 runs");
}

TEST_F(UsageDamage, ADamagedRowIsFoundAndCured) {
  tamper(data_, [](const Kv&, KvBatch& batch) {
    const UsageKey key{UserId("ann"), 1, AgentName("default")};
    batch.put(KvTable::meta, usage_row_key(usage_prefix, key), "no row");
  });
  expect_found_and_cured("on 1970-01-02 is damaged");
}

TEST_F(UsageDamage, ADamagedRowOfDeletedThreadsIsMadeAgainFromTheSum) {
  // Two runs of deleted threads more than the log has, in both rows.
  UsageKey key{UserId("ann"), 0, AgentName("default")};
  change_row([](UsageCounts& counts) { counts.runs += 2, counts.input += 70; });
  tamper(data_, [&](const Kv&, KvBatch& batch) {
    batch.put(KvTable::meta, usage_row_key(usage_gone_prefix, key), "no row");
  });
  expect_found_and_cured("of deleted threads");
  change_row([](UsageCounts& counts) { counts.runs -= 2, counts.input -= 70; });
  EXPECT_EQ(verify().code, 1) << "the rebuild has kept what was used";
}

TEST_F(UsageDamage, AStoreThatWasUpgradedCountsFromThenOnUntilItsRebuild) {
  change_row([](UsageCounts& counts) { counts = UsageCounts(); });
  tamper(data_, [](const Kv&, KvBatch& batch) {
    batch.put(KvTable::meta, std::string(usage_partial_key), "1");
  });
  EXPECT_EQ(verify().code, 0) << verify().out;
  EXPECT_EQ(rebuild().code, 0);
  change_row([](UsageCounts& counts) { counts = UsageCounts(); });
  EXPECT_EQ(verify().code, 1);
}

}  // namespace
}  // namespace lockstep::test
