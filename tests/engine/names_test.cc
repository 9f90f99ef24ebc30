// SPDX-License-Identifier: Apache-2.0
// The id of a thread belongs to its user: two users may have threads with the same id.
#include <gtest/gtest.h>

#include "engine/store/keys.h"
#include "engine/store/row_codec.h"
#include "tests/support/engine_fixture.h"

namespace lockstep::test {
namespace {

const UserId ann("ann");
const UserId bob("bob");

struct NamesTest : testing::Test, EngineFixture {
  // A sync as `asker`, of the thread `of`.
  Result<SyncReply> asked(const UserId& asker, const ThreadName& of, std::vector<Change> changes,
                          std::optional<Cursor> cursor = {}) {
    SyncRequest asked = request(std::move(changes), cursor);
    asked.thread = of;
    asked.changes.user = asker;
    return answer_to(std::move(asked));
  }
  void put_as(const UserId& who, const std::string& words) {
    user = who;
    synced({change_of(put("u1", words))});
  }
  std::string text_of_user(const UserId& who) {
    user = who;
    return text("u1");
  }
  Result<void> erase(const UserId& asker, const ThreadName& of) {
    Answer<Result<void>> erased;
    engine->erase(asker, of, erased.done());
    executor.run();
    return *erased;
  }
  std::string write_as(const UserId& asker, const ThreadName& of) {
    StepsAnswer answer;
    engine->write(asker, of, batch("r1", {run_over(1)}), answer.done());
    executor.run();
    return answer->error().code + answer->error().detail;
  }

  // All that `asker` can ask of a thread, and each answer's error in words.
  std::vector<std::string> answers(const UserId& asker, const ThreadName& of) {
    const Cursor cursor{Timestamp(1), engine->epoch()};
    std::vector<std::string> answers;
    const auto note = [&](const auto& result) {
      answers.push_back(result ? "answered" : result.error().code + ": " + result.error().detail);
    };
    CountingFollower follower;
    note(asked(asker, of, {}));
    note(asked(asker, of, {}, cursor));
    note(asked(asker, of, {change_of(put("u1", "mine"))}));
    note(asked(asker, of, {change_of(put("u1", "mine"))}, cursor));
    note(asked(asker, of, {change_of(stop("r1"))}));
    note(engine->join(asker, of, follower));
    note(engine->entries(asker, of, {}, 1));
    note(engine->check_cursor(asker, of, cursor));
    note(engine->read(asker, of, {}));
    note(engine->read(asker, of, Timestamp(1)));
    note(engine->messages(asker, of, {mid("u1"), 2, {}}));
    note(engine->run(asker, of, rid("r1")));
    note(engine->context(asker, of, rid("r1")));
    note(erase(asker, of));
    answers.push_back(write_as(asker, of));
    return answers;
  }
};

TEST_F(NamesTest, TwoUsersHaveThreadsOfOneIdThatHaveNothingToDoWithEachOther) {
  put_as(ann, "tea");
  put_as(bob, "coffee");

  for (int start = 0; start < 2; ++start) {
    EXPECT_EQ(text_of_user(ann), "tea");
    EXPECT_EQ(text_of_user(bob), "coffee");
    EXPECT_EQ(engine->threads(ann, {}, 9)->threads.size(), 1u);
    EXPECT_EQ(engine->threads(bob, {}, 9)->threads.size(), 1u);
    restart();
  }
}

TEST_F(NamesTest, ADeletionTakesTheThreadOfItsUserAlone) {
  put_as(ann, "tea");
  put_as(bob, "coffee");

  ASSERT_TRUE(erase(ann, {ann, thread}));

  for (int start = 0; start < 2; ++start) {
    EXPECT_EQ(engine->read(ann, {ann, thread}, {}).error().code, "deleted");
    EXPECT_EQ(code_of(asked(ann, {ann, thread}, {change_of(put("u2", "again"))})), "deleted");
    EXPECT_EQ(text_of_user(bob), "coffee");
    EXPECT_EQ(engine->feed(bob, "", 9)->size(), 1u);
    restart();
  }
}

TEST_F(NamesTest, AnotherUsersThreadIsAnsweredLikeAMissingOne) {
  put_as(ann, "tea");
  const ThreadName hers{ann, thread};
  const ThreadName nobodys{ann, tid("never")};

  const std::vector<std::string> hot = answers(bob, hers);
  EXPECT_EQ(hot, answers(bob, nobodys));
  for (const std::string& answer : hot) EXPECT_TRUE(answer.starts_with("unknown_thread")) << answer;

  restart();
  EXPECT_EQ(answers(bob, hers), hot);
  ASSERT_TRUE(erase(ann, hers));
  EXPECT_EQ(answers(bob, hers), hot);
  restart();
  EXPECT_EQ(answers(bob, hers), hot);
}

TEST_F(NamesTest, AThreadThatWasLetGoStaysItsUsersAfterAnyRequestOfAnother) {
  put_as(ann, "tea");
  restart();

  EXPECT_EQ(code_of(asked(bob, {ann, thread}, {change_of(put("u1", "mine"))})), "unknown_thread");
  EXPECT_EQ(text_of_user(ann), "tea");
  EXPECT_EQ(code_of(asked(bob, {bob, thread}, {change_of(put("u1", "mine"))})), "");

  restart();
  EXPECT_EQ(text_of_user(ann), "tea");
  EXPECT_EQ(text_of_user(bob), "mine");
}

TEST_F(NamesTest, TheAdministratorOpensTheThreadOfEither) {
  put_as(ann, "tea");
  put_as(bob, "coffee");

  EXPECT_EQ(engine->read(std::nullopt, {bob, thread}, {})->screen.messages.at(0).created,
            engine->read(bob, {bob, thread}, {})->screen.messages.at(0).created);
  EXPECT_EQ(engine->read(std::nullopt, {uid("carl"), thread}, {}).error().code, "unknown_thread");
}

TEST_F(NamesTest, AFollowerIsWokenByItsOwnThreadAlone) {
  put_as(bob, "coffee");
  put_as(ann, "tea");
  CountingFollower follower;
  ASSERT_TRUE(engine->join(ann, {ann, thread}, follower));

  user = bob;
  synced({change_of(put("u2", "more"))});
  EXPECT_EQ(follower.wakes, 0);

  user = ann;
  synced({change_of(put("u2", "more"))});
  EXPECT_EQ(follower.wakes, 1);
  engine->leave({ann, thread}, follower);
}

TEST_F(NamesTest, RunsOfOneIdInThreadsOfOneIdAreTwo) {
  user = bob;
  start_streaming();
  user = ann;
  start_streaming();
  ASSERT_EQ(host.starts.size(), 2u);
  EXPECT_EQ(host.starts[0].context.thread, (ThreadName{bob, thread}));
  EXPECT_EQ(host.starts[1].context.thread, (ThreadName{ann, thread}));

  ASSERT_TRUE(write(batch("r1", {token(2, "a1", "one"), run_over(3)})));

  EXPECT_EQ(run("r1").status, RunStatus::completed);
  user = bob;
  EXPECT_EQ(run("r1").status, RunStatus::running);
  EXPECT_EQ(text("a1"), "<none>");
}

TEST_F(NamesTest, DamageOfOneUsersThreadIsNotAnothers) {
  user = ann;
  start_streaming();
  put_as(bob, "coffee");
  log.spoil = ThreadNumber(1);
  restart();

  EXPECT_EQ(engine->read(ann, {ann, thread}, {}).error().code, "corrupt");
  EXPECT_EQ(text_of_user(bob), "coffee");
}

TEST_F(NamesTest, ADeletionIsKeptTwice) {
  put_as(ann, "tea");
  ASSERT_TRUE(erase(ann, {ann, thread}));

  const std::string key = keys::thread({ann, thread});
  const std::string copy_key = keys::deleted({ann, thread});
  const auto row = memory.get(Table::threads, key);
  const auto copy = memory.get(Table::meta, copy_key);
  ASSERT_TRUE(row && *row && copy && *copy);
  const auto record = decode_thread_record(key, **row);
  const auto again = decode_thread_record(copy_key, **copy);
  ASSERT_TRUE(record && again);
  EXPECT_EQ(again->record, record->record);
  EXPECT_EQ(again->commit, record->commit);
  EXPECT_FALSE(again->record.thread);
}

TEST_F(NamesTest, AFeedMayTellOfAnotherUsersThread) {
  put_as(ann, "tea");
  const std::string key = keys::feed(bob);
  memory.write(
      {{Table::feed, key, encode(key, FeedRow{{ann, thread}, false}), RowWrite::Stamp::key}}, {},
      [](const Result<void>&) {});
  executor.run();

  const auto items = engine->feed(bob, "", 9);
  ASSERT_TRUE(items.has_value());
  ASSERT_EQ(items->size(), 1u);
  EXPECT_EQ(items->at(0).owner, ann);
  EXPECT_EQ(items->at(0).thread->id, thread);
  EXPECT_NE(items->at(0).thread->created, Timestamp());
}

}  // namespace
}  // namespace lockstep::test
