// SPDX-License-Identifier: Apache-2.0
#include "engine/store/row_codec.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "engine/store/keys.h"
#include "tests/support/small_state.h"

namespace lockstep {
namespace {

constexpr std::string_view key = "key";

ThreadRecord record() {
  ThreadRecord record;
  record.thread = small_state().thread;
  record.id = record.thread->id;
  record.number = ThreadNumber(5);
  record.owner = UserId("alice");
  record.snapshot = Timestamp(10);
  record.last = Timestamp(20);
  return record;
}

// A run with every optional field.
RunState whole_run() {
  const ThreadState state = small_state();
  RunState row = state.runs[2];
  row.run.head = MessageId("m.user");
  row.run.place = {Place::Kind::parent, MessageId("m.system")};
  row.run.params = Json{"{}"};
  row.run.context_ts = Timestamp(1);
  row.run.settings = Hash{3};
  row.run.started = Timestamp(2);
  row.run.ended = Timestamp(3);
  row.run.error = RunError{"code", "detail"};
  row.run.usage = Json{"1"};
  row.run.model = "model";
  row.run.attempt = 3;
  row.seq = 17;
  row.ended_by_producer = true;
  row.messages = {1, 2};
  row.cut_calls = {"", "call"};
  return row;
}

TEST(RowCodec, EveryMessageOfAThreadComesBack) {
  const ThreadState state = small_state();

  for (std::size_t number = 0; number < state.messages.size(); ++number) {
    const MessageState& row = state.messages[number];
    const auto back = decode_message_state(key, encode(key, row));
    ASSERT_TRUE(back.has_value()) << back.error().detail;
    EXPECT_EQ(*back, row);
  }
}

TEST(RowCodec, EveryRunOfAThreadComesBack) {
  const ThreadState state = small_state();

  for (std::size_t number = 0; number < state.runs.size(); ++number) {
    const RunState& row = state.runs[number];
    EXPECT_EQ(decode_run_state(key, encode(key, row)), row);
  }
  EXPECT_EQ(decode_run_state(key, encode(key, whole_run())), whole_run());
}

TEST(RowCodec, AMessageWithEveryOptionalFieldComesBack) {
  MessageState row = small_state().messages[1];
  row.message.author = "";
  row.message.run = RunId("r");
  row.message.usage = Json{"{}"};
  row.message.metadata = Json{""};

  EXPECT_EQ(decode_message_state(key, encode(key, row)), row);
}

TEST(RowCodec, ADevicesMemoryComesBack) {
  small_state().devices.each([](const DeviceKey& device, const DeviceMemory& memory) {
    const DeviceRow row{device, memory};
    EXPECT_EQ(decode_device_row(key, encode(key, row)), row);
  });
  const DeviceRow empty{{UserId("u"), DeviceId("d")}, {}};
  EXPECT_EQ(decode_device_row(key, encode(key, empty)), empty);
}

TEST(RowCodec, TheThreadItselfComesBack) {
  const ThreadState state = small_state();
  SnapshotHeader view{state.thread,  state.owner,  state.now, true, 5, 3, 1,
                      state.running, state.waiting};

  EXPECT_EQ(decode_snapshot_header(key, encode(key, view)), view);

  view.running.reset();
  view.waiting.clear();
  view.thread.head.reset();
  EXPECT_EQ(decode_snapshot_header(key, encode(key, view)), view);
}

TEST(RowCodec, AThreadsRecordComesBackWithItsCommitNumber) {
  const std::string value = encode(key, record()) + keys::encode_number(99);

  const auto back = decode_thread_record(key, value);

  ASSERT_TRUE(back.has_value()) << back.error().detail;
  EXPECT_EQ(back->record, record());
  EXPECT_EQ(back->commit, CommitNumber(99));
}

TEST(RowCodec, ATombstoneComesBack) {
  ThreadRecord gone = record();
  gone.thread.reset();

  const auto back = decode_thread_record(key, encode(key, gone) + keys::encode_number(1));

  ASSERT_TRUE(back.has_value()) << back.error().detail;
  EXPECT_EQ(back->record, gone);
}

TEST(RowCodec, OpenRunsAndTheFeedComeBack) {
  const OpenRun run{.thread = {UserId("u"), ThreadId("t")},
                    .run = RunId("r"),
                    .status = RunStatus::running,
                    .attempt = 2,
                    .agent = AgentName("a"),
                    .started = Timestamp(7),
                    .settings = {8}};
  const FeedRow row{{UserId("u"), ThreadId("t")}, true};
  const std::string feed = keys::feed(UserId("u"));

  EXPECT_EQ(decode_open_run(key, encode(key, run)), run);
  EXPECT_EQ(decode_feed_row(keys::feed(UserId("u"), CommitNumber(4)), encode(feed, row)), row);
}

TEST(RowCodec, AnOpenRunWithoutAnOwnerIsForTheUpgradeAlone) {
  OpenRun ownerless;
  ownerless.thread.id = ThreadId("t");
  ownerless.run = RunId("r");

  const std::string stored = encode(key, ownerless);

  EXPECT_EQ(decode_open_run(key, stored).error().code, "corrupt");
  const auto read = decode_ownerless_open_run(key, stored);
  ASSERT_TRUE(read.has_value()) << read.error().detail;
  EXPECT_EQ(read->thread.id, ThreadId("t"));
}

TEST(RowCodec, AFeedRowSaysTheOwnerOnlyOfAnotherUsersThread) {
  const std::string feed = keys::feed(UserId("u"));
  const std::string stored_key = keys::feed(UserId("u"), CommitNumber(4));
  const FeedRow own{{UserId("u"), ThreadId("t")}, false};
  const FeedRow foreign{{UserId("w"), ThreadId("t")}, false};

  EXPECT_EQ(decode_feed_row(stored_key, encode(feed, own)), own);
  EXPECT_EQ(decode_feed_row(stored_key, encode(feed, foreign)), foreign);
  EXPECT_LT(encode(feed, own).size(), encode(feed, foreign).size());
}

TEST(RowCodec, EveryFlippedBitIsFound) {
  const std::string value = encode(key, small_state().messages[1]);

  for (std::size_t bit = 0; bit < 8 * value.size(); ++bit) {
    std::string damaged = value;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    const auto row = decode_message_state(key, damaged);
    ASSERT_FALSE(row.has_value()) << "bit " << bit;
    EXPECT_EQ(row.error().code, "corrupt");
  }
}

TEST(RowCodec, EveryLengthCutShortIsFound) {
  const std::string value = encode(key, record()) + keys::encode_number(1);

  for (std::size_t size = 0; size < value.size(); ++size) {
    EXPECT_FALSE(decode_thread_record(key, value.substr(0, size)).has_value()) << size;
  }
}

TEST(RowCodec, ARowInAnothersPlaceIsFound) {
  const std::string value = encode(key, small_state().messages[1]);

  EXPECT_FALSE(decode_message_state("other", value).has_value());
}

}  // namespace
}  // namespace lockstep
