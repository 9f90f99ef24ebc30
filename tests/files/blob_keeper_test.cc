// SPDX-License-Identifier: Apache-2.0
// Which blobs entries may name, and how long blobs stay.
#include <gtest/gtest.h>

#include "engine/store/blob_rows.h"
#include "engine/store/blobs_memory.h"
#include "engine/store/keys.h"
#include "tests/support/engine_fixture.h"

namespace lockstep::test {
namespace {

constexpr std::chrono::hours day{24};
constexpr std::uint64_t day_us = std::chrono::microseconds(day).count();

class BlobKeeping : public testing::Test {
 protected:
  BlobKeeping() {
    engine.blobs = &files;
    engine.restart();
  }

  BlobHash upload(const std::string& bytes) {
    auto writer = files.begin(engine.user, "image/png", bytes.size());
    MUST(writer.has_value());
    MUST((*writer)->add(bytes).has_value());
    return (*writer)->finish()->hash;
  }
  // As a door stores what came inside a request.
  MadeBlob arrive(const std::string& bytes) {
    const auto made = make_blob(files, engine.user, "image/png", bytes);
    MUST(made.has_value());
    return *made;
  }
  BlobKeeper& keeper() { return engine.engine->blobs(); }
  static PutMessage names(const std::string& id, const std::string& uri) {
    PutMessage put;
    put.id = mid(id);
    put.parts = {TextPart{"look"}, FilePart{uri, {}, {}}};
    return put;
  }
  Outcome say(const std::string& id, const std::string& uri, std::optional<std::uint64_t> op = {}) {
    return engine.synced({change_of(names(id, uri), op)}).outcomes.at(0);
  }
  bool is_there(const BlobHash& hash) { return files.made(engine.user, hash).has_value(); }
  bool is_named(const BlobHash& hash) {
    return *blob_rows::is_named(engine.memory, engine.user, hash);
  }
  void pass_days(int days) {
    engine.clock.set(engine.clock.now().get() + days * day_us);
    engine.executor.pass(days * day);
    engine.executor.run();
  }
  void erase() {
    Answer<Result<void>> erased;
    engine.engine->erase(engine.user, engine.name(), erased.done());
    engine.executor.run();
    MUST(erased.has_come() && erased->has_value());
  }

  EngineFixture engine;
  BlobsMemory files{engine.clock};
};

TEST_F(BlobKeeping, AnEntryThatNamesABlobWritesItsRows) {
  const BlobHash hash = upload("picture");

  EXPECT_TRUE(say("m", hash.uri()).applied);

  EXPECT_TRUE(is_named(hash));
  const auto named = blob_rows::read(engine.memory, ThreadNumber(1));
  EXPECT_EQ(named->owner, engine.user);
  EXPECT_EQ(named->blobs, std::vector{hash});
}

TEST_F(BlobKeeping, AChangeThatNamesAMissingBlobIsRefusedAndRemembered) {
  const BlobHash missing(Hash{7});
  ASSERT_TRUE(say("m0", "https://a.example/0.png").applied);

  const Outcome refused = say("m", missing.uri(), 1);

  EXPECT_EQ(refused.code, codes::unknown_blob);
  EXPECT_EQ(say("m2", "blob:sha256-ABC").code, codes::unknown_blob);
  EXPECT_TRUE(say("m3", "blob:https://a.example/1").applied);
  EXPECT_TRUE(say("m4", "https://a.example/1.png").applied);
  EXPECT_TRUE(say("m", missing.uri(), 1).duplicate);
}

TEST_F(BlobKeeping, ARepeatedOpGetsItsAnswerWhenTheBlobIsGone) {
  const BlobHash hash = upload("picture");
  ASSERT_TRUE(say("m", hash.uri(), 1).applied);
  ASSERT_TRUE(files.erase(engine.user, hash, *files.made(engine.user, hash)));

  const Outcome again = say("m", hash.uri(), 1);

  EXPECT_TRUE(again.applied);
  EXPECT_TRUE(again.duplicate);
}

TEST_F(BlobKeeping, OneMissingBlobRefusesItsChangeAlone) {
  const BlobHash hash = upload("picture");
  const auto outcomes = engine
                            .synced({change_of(names("a", hash.uri())),
                                     change_of(names("b", BlobHash(Hash{9}).uri())),
                                     change_of(lockstep::test::put("c", "text"))})
                            .outcomes;
  EXPECT_TRUE(outcomes[0].applied);
  EXPECT_EQ(outcomes[1].code, codes::unknown_blob);
  EXPECT_TRUE(outcomes[2].applied);
}

TEST_F(BlobKeeping, StepsMayNameOnlyBlobsThatTheUserHas) {
  engine.start_streaming();
  const BlobHash hash = upload("made by a model");
  const auto step = [](std::uint64_t seq, const std::string& uri) {
    return Step{seq, StartPart{mid("a1"), {}, FilePart{uri, {}, {}}}};
  };

  ASSERT_TRUE(engine.write(batch("r1", {step(2, hash.uri())})));
  const auto refused = engine.write(batch("r1", {step(3, BlobHash(Hash{9}).uri())}));

  EXPECT_TRUE(is_named(hash));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, codes::unknown_blob);
}

TEST_F(BlobKeeping, TheInputOfAWaitingRunNamesItsBlobs) {
  engine.start_streaming();
  const BlobHash hash = upload("picture");
  StartRun start = ask("r2", "u2", "then this");
  start.input[0].parts = {FilePart{hash.uri(), {}, {}}};

  ASSERT_TRUE(engine.synced({change_of(start)}).outcomes.at(0).applied);

  EXPECT_TRUE(is_named(hash));
}

TEST_F(BlobKeeping, ABlobThatNobodyNamesGoesAfterADay) {
  const BlobHash unnamed = upload("unnamed");
  const BlobHash named = upload("named");
  ASSERT_TRUE(say("m", named.uri()).applied);

  engine.executor.pass(std::chrono::hours(2));
  engine.executor.run();
  EXPECT_TRUE(is_there(unnamed));
  pass_days(2);

  EXPECT_FALSE(is_there(unnamed));
  EXPECT_TRUE(is_there(named));
  EXPECT_EQ(engine.metrics.blobs_swept, 1);
}

TEST_F(BlobKeeping, BlobsBehindManyThatAreNamedGoToo) {
  std::vector<BlobHash> unnamed;
  for (int number = 0; number < 80; ++number) {
    const std::string name = std::to_string(number);
    ASSERT_TRUE(say("m" + name, upload("named " + name).uri()).applied);
    unnamed.push_back(upload("unnamed " + name));
  }

  for (int round = 0; round < 100; ++round) pass_days(1);

  EXPECT_EQ(files.list(engine.user)->size(), 80u);
  for (const BlobHash& hash : unnamed) EXPECT_FALSE(is_there(hash));
}

TEST_F(BlobKeeping, ABlobStaysWhileOneOfTheEntriesThatNameItIsWritten) {
  const BlobHash hash = upload("picture");
  std::optional<BlobKeeper::Hold> first = keeper().hold(engine.user, {hash});
  std::optional<BlobKeeper::Hold> second = keeper().hold(engine.user, {hash});

  first.reset();
  pass_days(2);
  EXPECT_TRUE(is_there(hash));

  second.reset();
  pass_days(2);
  EXPECT_FALSE(is_there(hash));
}

TEST_F(BlobKeeping, ASweepAndAnEntryThatNamesTheBlobDoNotMiss) {
  engine.blobs_offload = true;
  engine.restart();
  while (engine.offload.waiting() > 0) {
    engine.offload.step();
    engine.executor.run();
  }
  const BlobHash hash = upload("old");
  engine.clock.set(engine.clock.now().get() + 2 * day_us);
  engine.executor.pass(2 * day);
  engine.executor.run();
  engine.offload.step();  // users
  engine.executor.run();
  engine.offload.step();  // the blobs of the user
  engine.executor.run();
  ASSERT_EQ(engine.offload.waiting(), 1);  // it is being erased

  EXPECT_EQ(say("m", hash.uri()).code, codes::unknown_blob) << "it is as good as gone";
  upload("old");  // again, and its file must stay
  engine.offload.step();
  engine.executor.run();

  EXPECT_TRUE(is_there(hash));
  EXPECT_TRUE(say("m2", hash.uri()).applied);
}

TEST_F(BlobKeeping, ABlobGoesAtOnceWithItsLastThread) {
  const BlobHash shared = upload("shared");
  const BlobHash own = upload("own");
  ASSERT_TRUE(say("m", shared.uri()).applied);
  ASSERT_TRUE(say("n", own.uri()).applied);
  engine.thread = tid("t2");
  ASSERT_TRUE(say("m", shared.uri()).applied);
  engine.thread = tid("t1");

  erase();

  EXPECT_FALSE(is_there(own));
  EXPECT_TRUE(is_there(shared));
  engine.thread = tid("t2");
  erase();
  EXPECT_FALSE(is_there(shared));
  EXPECT_FALSE(is_named(shared));
  EXPECT_TRUE(blob_rows::read(engine.memory, ThreadNumber(1))->blobs.empty());
}

TEST_F(BlobKeeping, ABlobThatGoesTwiceIsAsGoodAsGoneUntilTheSecondTime) {
  engine.blobs_offload = true;
  engine.restart();
  const auto step = [this] {
    engine.offload.step();
    engine.executor.run();
  };
  while (engine.offload.waiting() > 0) step();
  const BlobHash hash = upload("picture");
  pass_days(2);
  step();  // users
  step();  // the blobs of the user: it is being erased
  upload("picture");
  ASSERT_TRUE(say("m", hash.uri()).applied) << "it was uploaded again";
  engine.engine->erase(engine.user, engine.name(), [](const Result<void>&) {});
  engine.executor.run();
  ASSERT_EQ(engine.offload.waiting(), 2u);

  step();  // the first time leaves the second upload

  ASSERT_TRUE(is_there(hash));
  engine.thread = tid("t2");
  EXPECT_EQ(say("m", hash.uri()).code, codes::unknown_blob);
  step();
  EXPECT_FALSE(is_there(hash));
}

TEST_F(BlobKeeping, ABlobGoesAtOnceWithThreadsThatAreErasedTogether) {
  const BlobHash hash = upload("picture");
  for (const char* thread : {"t1", "t2"}) {
    engine.thread = tid(thread);
    ASSERT_TRUE(say("m", hash.uri()).applied);
  }
  for (const char* thread : {"t1", "t2"}) {
    engine.thread = tid(thread);
    engine.engine->erase(engine.user, engine.name(), [](const Result<void>&) {});
  }
  engine.executor.run();

  EXPECT_FALSE(is_there(hash));
}

TEST_F(BlobKeeping, ADeletionThatACrashCutShortIsFinishedByTheNextStart) {
  engine.blobs_offload = true;
  engine.restart();
  const BlobHash hash = upload("picture");
  ASSERT_TRUE(say("m", hash.uri()).applied);
  Answer<Result<void>> erased;
  engine.engine->erase(engine.user, engine.name(), erased.done());
  engine.executor.run();  // the tombstone is durable, and the file still waits for its thread
  ASSERT_FALSE(erased.has_come());
  ASSERT_TRUE(is_there(hash));

  engine.blobs_offload = false;
  engine.restart();

  EXPECT_FALSE(is_there(hash));
  EXPECT_FALSE(is_named(hash));
}

// --- What requests bring -------------------------------------------------------------------------

TEST_F(BlobKeeping, WhatARefusedRequestBroughtGoesWithItsAnswer) {
  const MadeBlob brought = arrive("brought");
  auto request = keeper().bring(engine.user, {brought});
  engine.executor.run();
  EXPECT_TRUE(is_there(brought.hash));

  request.reset();
  engine.executor.run();

  EXPECT_FALSE(is_there(brought.hash));
}

TEST_F(BlobKeeping, WhatARequestBroughtStaysIfAnEntryNamesIt) {
  const MadeBlob brought = arrive("brought");
  auto request = keeper().bring(engine.user, {brought});
  ASSERT_TRUE(say("m", brought.hash.uri()).applied);

  request.reset();
  engine.executor.run();

  EXPECT_TRUE(is_there(brought.hash));
}

TEST_F(BlobKeeping, WhatWasUploadedBeforeStaysItsDay) {
  const BlobHash hash = upload("uploaded");
  auto request = keeper().bring(engine.user, {arrive("uploaded")});

  request.reset();
  engine.executor.run();
  EXPECT_TRUE(is_there(hash));

  pass_days(2);
  EXPECT_FALSE(is_there(hash));
}

TEST_F(BlobKeeping, WhatIsUploadedWhileARequestHasItStays) {
  auto request = keeper().bring(engine.user, {arrive("bytes")});
  const BlobHash hash = upload("bytes");

  request.reset();
  engine.executor.run();

  EXPECT_TRUE(is_there(hash));
}

TEST_F(BlobKeeping, WhatWasUploadedBeforeStaysHoweverManyRequestsBringIt) {
  const BlobHash hash = upload("uploaded");
  auto first = keeper().bring(engine.user, {arrive("uploaded")});
  auto second = keeper().bring(engine.user, {arrive("uploaded")});

  first.reset();
  second.reset();
  engine.executor.run();

  EXPECT_TRUE(is_there(hash));
}

TEST_F(BlobKeeping, OfTwoRequestsWithTheSameBytesTheLastOneDecides) {
  for (const bool first_goes_first : {true, false}) {
    const MadeBlob once = arrive("bytes");
    auto first = keeper().bring(engine.user, {once});
    auto second = keeper().bring(engine.user, {arrive("bytes")});

    (first_goes_first ? first : second).reset();
    engine.executor.run();
    EXPECT_TRUE(is_there(once.hash));
    first.reset();
    second.reset();
    engine.executor.run();

    EXPECT_FALSE(is_there(once.hash)) << first_goes_first;
  }
}

TEST_F(BlobKeeping, WhatComesTwiceInRefusedRequestsLeavesNothing) {
  engine.blobs_offload = true;
  engine.restart();
  auto first = keeper().bring(engine.user, {arrive("bytes")});
  const MadeBlob again = arrive("bytes");  // its thread has stored them, and the strand is at work
  first.reset();
  auto second = keeper().bring(engine.user, {again});
  second.reset();
  while (engine.offload.waiting() > 0) {
    engine.offload.step();
    engine.executor.run();
  }
  EXPECT_FALSE(is_there(again.hash));
}

TEST_F(BlobKeeping, ADeletionLeavesWhatARequestHasBroughtAgain) {
  const BlobHash hash = upload("picture");
  ASSERT_TRUE(say("m", hash.uri()).applied);
  auto named = keeper().bring(engine.user, {arrive("picture")});
  erase();
  ASSERT_TRUE(is_there(hash));
  engine.thread = tid("t2");
  EXPECT_TRUE(say("m", hash.uri()).applied);
  named.reset();
  engine.executor.run();
  EXPECT_TRUE(is_there(hash));

  auto refused = keeper().bring(engine.user, {arrive("picture")});
  erase();
  ASSERT_TRUE(is_there(hash));
  refused.reset();
  engine.executor.run();
  EXPECT_FALSE(is_there(hash)) << "its last thread was deleted meanwhile";
}

TEST_F(BlobKeeping, WhatADeletionHasDoomedMustBeStoredAgain) {
  engine.blobs_offload = true;
  engine.restart();
  const BlobHash hash = upload("picture");
  ASSERT_TRUE(say("m", hash.uri()).applied);
  const MadeBlob too_early = arrive("picture");
  Answer<Result<void>> erased;
  engine.engine->erase(engine.user, engine.name(), erased.done());
  engine.executor.run();  // the decision: its file waits for its thread
  ASSERT_TRUE(is_there(hash));

  auto request = keeper().bring(engine.user, {too_early});
  EXPECT_FALSE(keeper().has(engine.user, hash));
  const MadeBlob anew = *make_anew(files, engine.user, "image/png", "picture");
  auto again = keeper().bring(engine.user, {anew});
  EXPECT_TRUE(keeper().has(engine.user, hash));
  while (engine.offload.waiting() > 0) {
    engine.offload.step();
    engine.executor.run();
  }

  EXPECT_TRUE(is_there(hash));
}

TEST_F(BlobKeeping, ARequestMayEndAfterItsServer) {
  auto request = keeper().bring(engine.user, {arrive("brought")});
  engine.restart();
  request.reset();
  engine.executor.run();
}

TEST_F(BlobKeeping, AnEngineWithoutBlobsTakesEveryAddress) {
  engine.blobs = nullptr;
  engine.restart();

  EXPECT_TRUE(say("m", BlobHash(Hash{7}).uri()).applied);
}

TEST(BlobKeys, AreReadAsTheyWereWritten) {
  const keys::BlobKey key{UserId("ada"), Hash{1, 2, 3}, ThreadNumber(77)};
  EXPECT_EQ(keys::decode_blob(keys::blob(key)), key);
  EXPECT_TRUE(keys::blob(key).starts_with(keys::blobs(key.user, key.hash)));
  const std::string named = keys::named(key.thread, key.hash);
  EXPECT_EQ(keys::decode_named(key.thread, named), key.hash);
  EXPECT_EQ(keys::decode_named(ThreadNumber(78), named), std::nullopt);
  EXPECT_EQ(keys::decode_named_thread(named), key.thread);
  EXPECT_EQ(keys::decode_blob(keys::blob(key).substr(0, 20)), std::nullopt);
  EXPECT_EQ(keys::decode_blob(keys::blob(key) + "x"), std::nullopt);
}

}  // namespace
}  // namespace lockstep::test
