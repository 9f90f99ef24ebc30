// SPDX-License-Identifier: Apache-2.0
// An upgrade turns a store of an earlier format into one of the current format with the same
// content.
#include "engine/rocks/upgrade.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "engine/base/limits.h"
#include "engine/rocks/kv_log.h"
#include "engine/store/keys.h"
#include "engine/store/row_codec.h"
#include "engine/store/usage_partial.h"
#include "tests/rocks/fixed_random.h"
#include "tests/rocks/step_executor.h"
#include "tests/upgrade/kept_store.h"

namespace lockstep::test {
namespace {

constexpr std::uint32_t few_rows = 2;  // so that the kept store takes many writes

const UserId ada("ada");
const UserId carl("carl");

struct UpgradeTest : testing::Test {
  Result<std::unique_ptr<KvLog>> open(Access access = Access::read_write) {
    return KvLog::open({.kv = kv,
                        .witness = witness,
                        .fail_stop = fail_stop,
                        .executor = executor,
                        .random = random,
                        .access = access,
                        .told = [this](const UpgradeProgress& step) { told.push_back(step); },
                        .upgrade_rows = few_rows});
  }
  Tables upgraded() {
    const auto log = open();
    EXPECT_TRUE(log.has_value()) << log.error().detail;
    return tables_of(kv);
  }
  std::string row_of(const ThreadName& thread) {
    return kv.get(KvTable::threads, keys::thread(thread))->value_or("");
  }
  static void spoil(std::string& row) {
    row[row.size() / 2] = static_cast<char>(~row[row.size() / 2]);
  }

  Tables former = kept_tables("v1");
  sim::SimDisk disk = disk_with(former);
  sim::SimKv kv{disk};
  sim::SimWitness witness{disk};
  FailStop fail_stop{[](const std::string&) {}};
  StepExecutor executor;
  FixedRandom random{1};
  std::vector<UpgradeProgress> told;
};

TEST_F(UpgradeTest, ChangesNoEntryNoViewNoFeedAndNoSetting) {
  Tables now = upgraded();

  for (const KvTable same : {KvTable::log, KvTable::views, KvTable::feed, KvTable::settings}) {
    EXPECT_FALSE(table(former, same).empty());
    EXPECT_EQ(table(now, same), table(former, same)) << static_cast<int>(same);
  }
  std::map<std::string, std::string> facts = table(now, KvTable::meta);
  EXPECT_EQ(facts.erase(std::string(keys::deleted({ada, ThreadId("gone-too")}))), 1u);
  EXPECT_EQ(facts.erase(std::string(keys::deleted({UserId("bob"), ThreadId("gone")}))), 1u);
  EXPECT_EQ(facts.erase(std::string(usage_partial_key)), 1u);
  facts[std::string(format_key)] = encode_number(first_format);
  EXPECT_EQ(facts, table(former, KvTable::meta));
}

TEST_F(UpgradeTest, GivesEachThreadsRowToItsOwnerAsItWas) {
  Tables now = upgraded();

  ASSERT_EQ(table(now, KvTable::threads).size(), table(former, KvTable::threads).size());
  for (const auto& [key, value] : table(former, KvTable::threads)) {
    const auto was = decode_thread_record(key, value);
    ASSERT_TRUE(was.has_value());
    const std::string new_key = keys::thread(was->record.name());
    const auto is = decode_thread_record(new_key, table(now, KvTable::threads)[new_key]);
    ASSERT_TRUE(is.has_value()) << key;
    EXPECT_EQ(is->record, was->record);
    EXPECT_EQ(is->commit, was->commit);
  }
}

TEST_F(UpgradeTest, KeepsEachDeletionTwice) {
  Tables now = upgraded();

  std::size_t deletions = 0;
  for (const auto& [key, value] : table(now, KvTable::threads)) {
    const auto record = decode_thread_record(key, value);
    if (record->record.thread) continue;
    ++deletions;
    const std::string copy_key = keys::deleted(record->record.name());
    const auto copy = decode_thread_record(copy_key, table(now, KvTable::meta)[copy_key]);
    ASSERT_TRUE(copy.has_value());
    EXPECT_EQ(copy->record, record->record);
    EXPECT_EQ(copy->commit, record->commit);
  }
  EXPECT_EQ(deletions, 2u);
}

TEST_F(UpgradeTest, GivesOpenRunsTheOwnersOfTheirThreads) {
  Tables now = upgraded();

  ASSERT_EQ(table(now, KvTable::open_runs).size(), 4u);
  std::map<std::string, std::string> owners;
  for (const auto& [key, value] : table(now, KvTable::open_runs)) {
    const auto was = decode_ownerless_open_run(key, table(former, KvTable::open_runs)[key]);
    const auto is = decode_open_run(key, value);
    ASSERT_TRUE(was && is);
    EXPECT_EQ(is->thread.id, was->thread.id);
    EXPECT_EQ(is->run, was->run);
    EXPECT_EQ(is->status, was->status);
    owners[is->thread.id.get()] = is->thread.owner.get();
  }
  EXPECT_EQ(owners, (std::map<std::string, std::string>{{"open", "carl"}, {"open-too", "ada"}}));
}

TEST_F(UpgradeTest, IsToldAndIsDoneOnce) {
  static_cast<void>(upgraded());

  ASSERT_GT(told.size(), 4u);
  EXPECT_EQ(told.front().from, first_format);
  EXPECT_EQ(told.back().to, log_format_version);
  EXPECT_TRUE(told.back().done);
  const auto first_done = std::ranges::find_if(told, &UpgradeProgress::done);
  EXPECT_EQ(first_done->to, 2u);
  EXPECT_EQ(first_done->left, 0u);
  EXPECT_EQ(first_done->rows,
            table(former, KvTable::threads).size() + table(former, KvTable::open_runs).size());

  told.clear();
  static_cast<void>(upgraded());
  EXPECT_TRUE(told.empty());
}

// The mark says that the totals of usage begin here: earlier formats have none.
TEST_F(UpgradeTest, FromFormat2To3OnlyTheNumberOfTheStoreChangesAndOneMarkComes) {
  Tables second = kept_tables("v2");
  disk = disk_with(second);

  Tables now = upgraded();

  EXPECT_EQ(table(second, KvTable::meta).at(std::string(format_key)), encode_number(2));
  table(second, KvTable::meta)[std::string(format_key)] = encode_number(3);
  table(second, KvTable::meta)[std::string(usage_partial_key)] = "\1";
  EXPECT_EQ(now, second);
  EXPECT_EQ(told.back().from, 2u);
}

// One write takes so many rows, and so many bytes: large rows fill it before they are many.
TEST_F(UpgradeTest, RowsThatFillAWriteBeforeTheirNumberDoesAreAllTaken) {
  constexpr std::uint64_t large = 40;
  constexpr std::uint64_t far = 1'000'000;  // behind all numbers of the kept store
  const std::string metadata =
      R"({"note":")" + std::string(limits::metadata_bytes_max / 2, 'x') + R"("})";
  for (std::uint64_t number = 0; number < large; ++number) {
    const std::string id = "large-" + std::to_string(number);
    Thread thread;
    thread.id = ThreadId(id);
    thread.metadata = Json{metadata};
    ThreadRecord record;
    record.number = ThreadNumber(far + number);
    record.id = thread.id;
    record.owner = ada;
    record.thread = std::move(thread);
    disk.put(KvTable::threads, id, encode(id, record) + encode_number(far + number));
  }

  ASSERT_TRUE(upgrade(kv, {}, large * 2).has_value());

  for (std::uint64_t number = 0; number < large; ++number) {
    EXPECT_FALSE(row_of({ada, ThreadId("large-" + std::to_string(number))}).empty()) << number;
  }
  for (const auto& [key, value] : table(former, KvTable::threads)) {
    EXPECT_EQ(disk.row(KvTable::threads, key), nullptr) << key;
  }
}

TEST_F(UpgradeTest, AReadingVerbNamesTheUpgradeThatTheStoreNeeds) {
  EXPECT_EQ(open(Access::read_only).error().code, "older_format");
  EXPECT_EQ(tables_of(kv), former);

  static_cast<void>(upgraded());
  EXPECT_TRUE(open(Access::read_only).has_value());
}

TEST_F(UpgradeTest, AFormatThatIsNotKnownIsRefusedByNameAndLeftAlone) {
  for (const std::uint64_t format : {std::uint64_t{0}, log_format_version + 1, std::uint64_t{99}}) {
    *disk.row(KvTable::meta, std::string(format_key)) = encode_number(format);
    const Tables before = tables_of(kv);

    const auto refused = open();

    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, "newer_format");
    EXPECT_NE(refused.error().detail.find("format " + std::to_string(format)), std::string::npos);
    EXPECT_EQ(tables_of(kv), before);
  }
}

TEST_F(UpgradeTest, AStoreThatHasLostSomethingIsRefusedBeforeAnythingIsWritten) {
  disk.set_witness(CommitNumber(999'999));

  EXPECT_EQ(open().error().code, "corrupt");
  EXPECT_EQ(tables_of(kv), former);
}

// --- Damage --------------------------------------------------------------------------------------

TEST_F(UpgradeTest, ADamagedRowIsStillDamageAndItsOwnersToSee) {
  spoil(*disk.row(KvTable::threads, "tea"));
  spoil(*disk.row(KvTable::threads, "gone-too"));
  const std::string damaged = *disk.row(KvTable::threads, "tea");

  static_cast<void>(upgraded());

  EXPECT_EQ(row_of({ada, ThreadId("tea")}), damaged);
  EXPECT_EQ(decode_thread_record(keys::thread({ada, ThreadId("gone-too")}),
                                 row_of({ada, ThreadId("gone-too")}))
                .error()
                .code,
            "corrupt");
  for (const UpgradeProgress& step : told) EXPECT_EQ(step.left, 0u);
}

TEST_F(UpgradeTest, TheLogNamesTheOwnerOfADamagedRowIfTheFeedDoesNot) {
  spoil(*disk.row(KvTable::threads, "open"));
  for (const auto& [key, value] : table(former, KvTable::feed)) disk.lose(KvTable::feed, key);

  static_cast<void>(upgraded());

  EXPECT_FALSE(row_of({carl, ThreadId("open")}).empty());
  Tables now = tables_of(kv);
  for (const auto& [key, value] : table(now, KvTable::open_runs)) {
    EXPECT_TRUE(decode_open_run(key, value).has_value());
  }
}

TEST_F(UpgradeTest, ARowWithoutANamedOwnerStaysAndIsCounted) {
  spoil(*disk.row(KvTable::threads, "gone-too"));
  for (const auto& [key, value] : table(former, KvTable::feed)) disk.lose(KvTable::feed, key);

  static_cast<void>(upgraded());

  EXPECT_EQ(std::ranges::find_if(told, &UpgradeProgress::done)->left, 1u);
  EXPECT_NE(disk.row(KvTable::threads, "gone-too"), nullptr);
}

}  // namespace
}  // namespace lockstep::test
