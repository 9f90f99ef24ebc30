// SPDX-License-Identifier: Apache-2.0
// The answers to sync requests, for any content of the request and any cursor.
#include "engine/live/sync_responder.h"

#include <gtest/gtest.h>

#include "engine/rules/digest.h"
#include "engine/store/epochs.h"
#include "tests/support/engine_fixture.h"

namespace lockstep::test {
namespace {

struct SyncResponderTest : testing::Test, EngineFixture {
  // The screen of a front after it applied this reply.
  static Screen shown(Screen screen, const SyncReply& reply) {
    if (reply.reset) screen = Screen();
    apply(screen, reply.diff);
    return screen;
  }
  SyncRequest with_digest(Cursor cursor, std::optional<Hash> digest, std::vector<Change> changes) {
    SyncRequest asked = request(std::move(changes), cursor);
    asked.digest = digest;
    return asked;
  }
};

// --- From a cursor to now ------------------------------------------------------------------------

TEST_F(SyncResponderTest, ADiffFromAnyEntryLeadsToNow) {
  start_streaming();
  for (std::uint64_t seq = 2; seq < 8; ++seq) {
    ASSERT_TRUE(write(batch("r1", {token(seq, "a1", "word ")})));
  }
  synced({change_of(ask("r2", "u2", "wait"))});
  synced({change_of(stop("r1"))}, Cursor{entries()[4].at, engine->epoch()});
  const Screen now = reading().screen;

  for (const Entry& entry : entries()) {
    const Screen then = reading(entry.at).screen;
    const SyncReply reply = synced({}, Cursor{entry.at, engine->epoch()});
    EXPECT_EQ(shown(then, reply), now);
  }
}

TEST_F(SyncResponderTest, AFrontWithoutACursorIsGivenEverything) {
  start_streaming();
  ASSERT_TRUE(write(batch("r1", {token(2, "a1", "one")})));

  EXPECT_EQ(shown({}, synced({})), reading().screen);
}

TEST_F(SyncResponderTest, TheOtherDevicesTurnsComeWithTheAnswerToOnesOwn) {
  const Cursor cursor = synced({change_of(put("u1", "one"))}).cursor;
  device = DeviceId("laptop");
  synced({change_of(put("u2", "from the laptop"))});
  device = DeviceId("phone");

  const SyncReply reply = synced({change_of(put("u3", "from the phone"))}, cursor);

  ASSERT_EQ(reply.diff.messages.size(), 2u);
  EXPECT_EQ(std::get<SharedMessage>(reply.diff.messages[0])->id, mid("u2"));
  EXPECT_EQ(std::get<SharedMessage>(reply.diff.messages[1])->parent, mid("u2"));
}

// --- Outcomes ------------------------------------------------------------------------------------

TEST_F(SyncResponderTest, AChangeSentAgainIsAnsweredAsTheFirstTimeAlsoAfterARestart) {
  const Outcome first = synced({change_of(put("u1", "one"), 1)}).outcomes.at(0);
  restart();

  const Outcome again = synced({change_of(put("u1", "one"), 1)}).outcomes.at(0);

  EXPECT_TRUE(again.duplicate);
  EXPECT_EQ(again.at, first.at);
  EXPECT_EQ(entries().size(), 1u);
}

TEST_F(SyncResponderTest, ARefusalWithoutAnOpLeavesNoTrace) {
  synced({change_of(put("u1", "one"))});

  const SyncReply reply = synced({change_of(DeleteMessage{mid("nothing")})});

  EXPECT_EQ(reply.outcomes.at(0).code, "unknown_message");
  EXPECT_EQ(entries().size(), 1u);
}

TEST_F(SyncResponderTest, IdsThatAreLeftOutAreMade) {
  StartRun start = ask("", "", "hello");

  const SyncReply reply = synced({change_of(start), change_of(put("", "more"))});

  ASSERT_TRUE(reply.outcomes.at(0).run.has_value());
  EXPECT_TRUE(is_id(reply.outcomes[0].run->get()));
  EXPECT_TRUE(is_id(reply.outcomes.at(1).message->get()));
}

TEST_F(SyncResponderTest, ChangesThatAreAllRefusedMakeNoThread) {
  const SyncReply reply = synced({change_of(stop("r9"), 1)});

  EXPECT_EQ(reply.outcomes.at(0).code, "unknown_run");
  EXPECT_EQ(code_of(sync({})), "unknown_thread");
}

// --- Users, and histories ------------------------------------------------------------------------

TEST_F(SyncResponderTest, AThreadThatIsNotThereIsUnknown) {
  EXPECT_EQ(code_of(sync({})), "unknown_thread");
}

TEST_F(SyncResponderTest, AThreadOfAnotherUserIsUnknown) {
  synced({change_of(put("u1", "one"))});
  const auto asked_by_bob = [&](std::vector<Change> changes, std::optional<Cursor> cursor = {}) {
    SyncRequest asked = request(std::move(changes), cursor);
    asked.changes.user = uid("bob");
    return code_of(answer_to(std::move(asked)));
  };

  EXPECT_EQ(asked_by_bob({}), "unknown_thread");
  EXPECT_EQ(asked_by_bob({change_of(put("u2", "two"))}), "unknown_thread");
  EXPECT_EQ(asked_by_bob({}, Cursor{Timestamp(1), engine->epoch()}), "unknown_thread");
  EXPECT_EQ(engine->read(uid("bob"), name(), {}).error().code, "unknown_thread");
}

TEST_F(SyncResponderTest, ACursorOfAMissingThreadTellsNoFrontToForget) {
  const Cursor cursor{Timestamp(1'000'500), engine->epoch()};

  EXPECT_EQ(code_of(sync({}, cursor)), "unknown_history");
  EXPECT_EQ(code_of(sync({change_of(put("u1", "one"))}, cursor)), "unknown_history");
  EXPECT_EQ(code_of(sync({})), "unknown_thread");
}

TEST_F(SyncResponderTest, ACursorAheadOfTheLogOrOfAnUnknownEpochIsUnknown) {
  const Cursor now = synced({change_of(put("u1", "one"))}).cursor;

  EXPECT_EQ(code_of(sync({}, Cursor{Timestamp(now.at.get() + 1), now.epoch})), "unknown_history");
  EXPECT_EQ(code_of(sync({}, Cursor{now.at, Epoch(now.epoch.get() + 1)})), "unknown_history");
}

// The log keeps the entries after the end of an epoch: these tests only check the answers.
struct RestoredTest : SyncResponderTest {
  // The store begins a new epoch, as after a restore to this commit.
  void cut(CommitNumber last, std::uint64_t next_epoch = 0x1111) {
    auto epochs = decode_epochs(*memory.get(Table::meta, epochs_key).value());
    epochs = with_new_epoch(std::move(*epochs), Epoch(next_epoch), last);
    write_epochs(*epochs);
  }
  void write_epochs(const Epochs& epochs) {
    log.write(
        {{Table::meta, std::string(epochs_key), encode_epochs(epochs), RowWrite::Stamp::none}}, {},
        [](const Result<void>&) {});
    executor.run();
    restart();
  }
  std::optional<Timestamp> kept_until(const Cursor& cursor) {
    const SyncReply reply = synced({}, cursor);
    return reply.reset ? reply.reset->kept_until : std::nullopt;
  }
};

TEST_F(RestoredTest, ACursorFromBeforeTheCutIsStillGood) {
  const Cursor cursor = synced({change_of(put("u1", "one"))}).cursor;
  cut(log.last_commit());

  const SyncReply reply = synced({change_of(put("u2", "two"))}, cursor);

  EXPECT_FALSE(reply.reset.has_value());
  EXPECT_EQ(reply.cursor.epoch, Epoch(0x1111));
  EXPECT_EQ(reply.diff.from, cursor.at);
}

TEST_F(RestoredTest, ACursorFromBeyondTheCutIsResetAndItsChangesAreNotTried) {
  const Cursor first = synced({change_of(put("u1", "one"))}).cursor;
  const CommitNumber last = log.last_commit();
  const Cursor second = synced({change_of(put("u2", "two"))}).cursor;
  cut(last);

  const SyncReply reply = synced({change_of(put("u3", "three"), 7)}, second);

  ASSERT_TRUE(reply.reset.has_value());
  EXPECT_EQ(reply.reset->reason, "rewound");
  EXPECT_EQ(reply.reset->kept_until, first.at);
  EXPECT_TRUE(reply.outcomes.empty());
  EXPECT_EQ(shown({}, reply), reading().screen);
  EXPECT_EQ(text("u3"), "<gone>");
  // Sent again, it is no duplicate.
  EXPECT_FALSE(synced({change_of(put("u3", "three"), 7)}).outcomes.at(0).duplicate);
}

TEST_F(RestoredTest, EveryThreadIsCutAtItsLastEntryThatWasKept) {
  std::vector<Cursor> cursors;
  std::vector<CommitNumber> commits;
  for (int number = 0; number < 12; ++number) {
    for (const char* name : {"t1", "t2"}) {
      thread = tid(name);
      const Cursor cursor = synced({change_of(put("u" + std::to_string(number), "text"))}).cursor;
      if (thread != tid("t1")) continue;
      cursors.push_back(cursor);
      commits.push_back(log.last_commit());
      clock.set(cursor.at.get() * 2);  // far apart, and ever further
    }
  }
  thread = tid("t1");

  for (std::size_t kept = 0; kept < cursors.size(); ++kept) {
    // The commit itself, and the other thread's behind it.
    for (const std::uint64_t last : {commits[kept].get(), commits[kept].get() + 1}) {
      write_epochs({Epoch(0x1111), {{Epoch(0xabcdef), CommitNumber(last)}}});
      for (std::size_t number = 0; number < cursors.size(); ++number) {
        const auto until = number > kept ? std::optional(cursors[kept].at) : std::nullopt;
        ASSERT_EQ(kept_until(cursors[number]), until) << kept << " " << number;
      }
    }
  }
}

// A timestamp can't be compared with other threads' history; a commit number can.
TEST_F(RestoredTest, AClockThatWentBackMakesNoLostCursorGood) {
  clock.set(9'000'000);
  const Cursor kept = synced({change_of(put("u1", "kept"))}).cursor;
  const CommitNumber last = log.last_commit();
  thread = tid("t2");
  clock.set(5'000'000);
  const Cursor lost = synced({change_of(put("u1", "lost"))}).cursor;
  cut(last);

  ASSERT_LT(lost.at, kept.at);
  EXPECT_EQ(kept_until(lost), Timestamp());
  thread = tid("t1");
  EXPECT_FALSE(synced({}, kept).reset.has_value());
}

TEST_F(RestoredTest, AThreadThatWasMadeAfterTheCutHasKeptNothing) {
  synced({change_of(put("u1", "one"))});
  cut(log.last_commit());
  thread = tid("t2");
  const Cursor lost{Timestamp(5), Epoch(0xabcdef)};
  EXPECT_EQ(code_of(sync({}, lost)), "unknown_history");

  synced({change_of(put("u1", "offered"))});

  EXPECT_EQ(kept_until(lost), Timestamp());
  restart();
  EXPECT_EQ(kept_until(lost), Timestamp());
}

TEST_F(RestoredTest, AnOlderEpochIsKeptUpToTheLeastOfTheCutsSince) {
  const Cursor first = synced({change_of(put("u1", "one"))}).cursor;
  const CommitNumber earlier = log.last_commit();
  const Cursor second = synced({change_of(put("u2", "two"))}).cursor;
  cut(log.last_commit(), 0x1111);
  const Cursor third = synced({change_of(put("u3", "three"))}).cursor;
  cut(earlier, 0x2222);

  EXPECT_FALSE(synced({}, first).reset.has_value());
  EXPECT_EQ(kept_until(second), first.at);
  EXPECT_EQ(kept_until(third), first.at);
  EXPECT_FALSE(synced({}, Cursor{first.at, Epoch(0x1111)}).reset.has_value());
}

TEST_F(RestoredTest, ACursorFromBeforeTheCutStillCounts) {
  start_streaming();
  ASSERT_TRUE(write(batch("r1", {token(2, "a1", "one")})));
  const Cursor seen = synced({}).cursor;
  ASSERT_TRUE(write(batch("r1", {token(3, "a1", " two")})));
  cut(log.last_commit());

  synced({change_of(stop("r1"))}, seen);

  EXPECT_EQ(text("a1"), "one");
}

TEST_F(RestoredTest, ACursorFromBeyondTheCutIsOfAnUnknownHistory) {
  synced({change_of(put("u1", "one"))});
  const CommitNumber last = log.last_commit();
  const Cursor beyond = synced({change_of(put("u2", "two"))}).cursor;
  cut(last);
  Change move = change_of(MoveHead{mid("u1")});
  move.seen = beyond;

  const SyncReply reply = synced({move});

  EXPECT_EQ(reply.outcomes.at(0).code, "unknown_history");
}

TEST_F(RestoredTest, FollowersAndPagesHaveTheSameCut) {
  const Cursor first = synced({change_of(put("u1", "one"))}).cursor;
  const CommitNumber last = log.last_commit();
  const Cursor second = synced({change_of(put("u2", "two"))}).cursor;
  cut(last);

  EXPECT_TRUE(engine->check_cursor(user, name(), first).has_value());
  EXPECT_EQ(engine->check_cursor(user, name(), second).error().code, "rewound");
  EXPECT_TRUE(engine->messages(user, name(), {.before = mid("u1"), .limit = 5, .at = first}));
  EXPECT_EQ(
      engine->messages(user, name(), {.before = mid("u1"), .limit = 5, .at = second}).error().code,
      "rewound");
}

TEST_F(RestoredTest, AListsCursorFromBeforeTheCutIsStillGood) {
  synced({change_of(put("u1", "one"))});
  const auto cursor = [this] { return engine->threads(user, {}, 5)->cursor; };
  const std::string before = cursor();
  const CommitNumber last = log.last_commit();
  synced({change_of(put("u2", "two"))});
  const std::string beyond = cursor();
  cut(last);

  EXPECT_EQ(engine->feed(user, before, 5)->size(), 1u);
  EXPECT_EQ(engine->feed(user, beyond, 5).error().code, "unknown_history");
  EXPECT_NE(cursor(), beyond);
}

// --- Digest --------------------------------------------------------------------------------------

TEST_F(SyncResponderTest, AFrontWithAnEarlierCopyOfTheServersIsNotReset) {
  start_streaming();
  std::vector<SyncReply> replies{synced({})};
  for (std::uint64_t seq = 2; seq < 6; ++seq) {
    ASSERT_TRUE(write(batch("r1", {token(seq, "a1", "wörd ")})));
    replies.push_back(synced({}));
  }
  synced({change_of(ask("r2", "u2", "next"))});
  ASSERT_TRUE(write(batch("r1", {message_over(6, "a1"), run_over(7)})));

  for (const SyncReply& held : replies) {
    const auto reply = answer_to(with_digest(held.cursor, held.digest, {}));
    EXPECT_FALSE(reply->reset.has_value());
  }
}

TEST_F(SyncResponderTest, AnEarlierDigestIsGoodAlsoAfterAnEditACutAndADeletion) {
  start_streaming();
  ASSERT_TRUE(write(batch("r1", {token(2, "a1", "one")})));
  const SyncReply held = synced({});
  ASSERT_TRUE(write(batch("r1", {token(3, "a1", " two")})));
  const SyncReply later = synced({});
  synced({change_of(stop("r1"))}, held.cursor);
  synced({change_of(put("u1", "edited"))});
  synced({change_of(DeleteMessage{mid("a1")})});

  EXPECT_FALSE(answer_to(with_digest(held.cursor, held.digest, {}))->reset.has_value());
  EXPECT_FALSE(answer_to(with_digest(later.cursor, later.digest, {}))->reset.has_value());
  EXPECT_TRUE(answer_to(with_digest(held.cursor, later.digest, {}))->reset.has_value());
}

TEST_F(SyncResponderTest, AFrontThatHoldsSomethingElseIsResetAndItsChangesAreNotTried) {
  const Cursor cursor = synced({change_of(put("u1", "one"))}).cursor;

  const auto reply =
      answer_to(with_digest(cursor, sha256("something else"), {change_of(put("u2", "two"), 1)}));

  ASSERT_TRUE(reply->reset.has_value());
  EXPECT_EQ(reply->reset->reason, "digest");
  EXPECT_TRUE(reply->outcomes.empty());
  EXPECT_EQ(shown({}, *reply), reading().screen);
  EXPECT_EQ(text("u2"), "<gone>");
}

TEST_F(SyncResponderTest, TheDigestIsThatOfTheHeadsPath) {
  synced({change_of(put("u1", "one"))});
  const SyncReply reply = synced({change_of(put("u2", "two"))});

  EXPECT_EQ(reply.digest, path_digest(reading().screen.messages));
  EXPECT_EQ(reading().digest, reply.digest);
}

// --- Window --------------------------------------------------------------------------------------

TEST_F(SyncResponderTest, AWindowBringsTheEndOfThePathAndTheDigestOfItsEdge) {
  for (const char* id : {"u1", "u2", "u3"}) synced({change_of(put(id, id))});
  SyncRequest asked = request({});
  asked.window = 1;

  const auto reply = answer_to(std::move(asked));

  ASSERT_EQ(reply->diff.messages.size(), 1u);
  EXPECT_EQ(reply->older, true);
  const Reading all = reading();
  EXPECT_EQ(reply->edge_digest, path_digest(std::span(all.screen.messages).first(2)));
  EXPECT_EQ(reply->digest, all.digest);
}

// --- The condition that ends a stream ------------------------------------------------------------

TEST_F(SyncResponderTest, TheRunsThatARequestNamesAreAwaitedElseAllThatAreOpen) {
  start_streaming();

  EXPECT_EQ(synced({change_of(ask("r2", "u2", "two"))}).awaited, std::vector{rid("r2")});
  EXPECT_EQ(synced({}).awaited, (std::vector{rid("r1"), rid("r2")}));
  EXPECT_EQ(synced({change_of(UpdateThread{"title", {}, {}})}).awaited,
            (std::vector{rid("r1"), rid("r2")}));
  EXPECT_TRUE(synced({change_of(stop("r2"))}).awaited.empty());
}

}  // namespace
}  // namespace lockstep::test
