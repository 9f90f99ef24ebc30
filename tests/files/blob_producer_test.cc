// SPDX-License-Identifier: Apache-2.0
// Files that a model makes: each is a blob before the step that holds it is in the log, and a run
// whose files can't be kept ends with the reason.
#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>

#include "engine/base/codes.h"
#include "engine/files/blob_files.h"
#include "engine/rules/digest.h"
#include "engine/store/blobs.h"
#include "server/run_driver.h"
#include "tests/rocks/temp_folder.h"
#include "tests/support/engine_fixture.h"

namespace lockstep::test {
namespace {

struct NoGeneration : Generation {
  void resume() override {}
};

// A model that writes the steps that the test gives it.
struct PaintingAgent : Agent {
  [[nodiscard]] AgentSettings settings(const std::optional<Json>&) const override {
    return {"{}", "paints"};
  }
  [[nodiscard]] Sent sent(const Context&) const override { return {"{}", {}}; }
  [[nodiscard]] std::unique_ptr<Generation> start(Context, Sent, StepWriter& to) override {
    writer = &to;
    return std::make_unique<NoGeneration>();
  }
  StepWriter* writer = nullptr;
};

class BlobProducer : public testing::Test, protected EngineFixture {
 protected:
  BlobProducer() {
    files_ = std::move(*BlobFiles::open(folder_.path(), BlobFiles::Mode::write, disk_clock_,
                                        std::uint64_t{1} << 20));
    blobs = files_.get();
    restart();
    driver_.connect(*engine);
    driver_.keep_files_in({files_.get(), &uploads_, nullptr});
    host.next = &driver_;
    synced({change_of(ask("r1", "u1", "Draw a cat."))});
    MUST(agent_.writer != nullptr);
  }
  ~BlobProducer() override {
    driver_.stop();
    engine.reset();
    executor.run();
  }

  // As a model ends an answer with a file: all in one piece.
  void draw(const std::string& uri) {
    std::vector<Step> steps(6);
    steps[0].what = OpenMessage{mid("a1"), {}, Role::assistant, {}};
    steps[1].what = StartPart{mid("a1"), {}, TextPart{"Here it is: "}};
    steps[2].what = StartPart{mid("a1"), {}, FilePart{uri, {}, {}}};
    steps[3].what = StartPart{mid("a1"), {}, TextPart{"Done."}};
    steps[4].what = EndMessage{mid("a1"), MessageStatus::complete, {}};
    steps[5].what = EndRun{RunStatus::completed, {}, Json{R"({"total_tokens":7})"}};
    agent_.writer->write(std::move(steps));
    executor.run();
  }
  // As a model that writes these parts at once.
  void write(const std::vector<Part>& answer) {
    std::vector<Step> steps{{.what = OpenMessage{mid("a1"), {}, Role::assistant, {}}}};
    for (const Part& part : answer) steps.push_back({.what = StartPart{mid("a1"), {}, part}});
    steps.push_back({.what = EndMessage{mid("a1"), MessageStatus::complete, {}}});
    steps.push_back({.what = EndRun{RunStatus::completed, {}, {}}});
    agent_.writer->write(std::move(steps));
    executor.run();
  }
  // Lets the thread of uploads work until it has given back what it has.
  void store() {
    context_.run_one_for(std::chrono::seconds(30));
    executor.run();
  }
  std::vector<Part> parts() {
    const Reading now = reading();
    const Message* message = now.screen.message(mid("a1"));
    std::vector<Part> found;
    if (message) std::ranges::copy(message->parts, std::back_inserter(found));
    return found;
  }

  TempFolder folder_;
  SteppedClock disk_clock_;
  std::unique_ptr<BlobFiles> files_;
  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      context_.get_executor()};
  Background uploads_{context_};
  LineLog lines_{LineLog::Level::error, LineLog::Style::text};
  PaintingAgent agent_;
  RunDriver driver_{[this](const AgentName&) {
                      return std::shared_ptr<Agent>(std::shared_ptr<Agent>(), &agent_);
                    },
                    executor, lines_};
};

TEST_F(BlobProducer, AFileIsABlobBeforeTheStepThatHoldsIt) {
  const BlobHash hash(sha256("a cat"));

  draw("data:image/png;base64,YSBjYXQ=");
  ASSERT_TRUE(parts().empty()) << "nothing of the batch is in the log before the blob is durable";
  store();

  EXPECT_EQ(*read_all(*files_, user, hash), "a cat");
  EXPECT_EQ(parts(), (std::vector<Part>{TextPart{"Here it is: "},
                                        FilePart{hash.uri(), "image/png", {}}, TextPart{"Done."}}));
  EXPECT_EQ(run("r1").status, RunStatus::completed);
}

TEST_F(BlobProducer, AFileBeyondTheQuotaEndsTheRunByNameAndKeepsWhatCameBefore) {
  draw("data:image/png," + std::string(2 << 20, 'x'));
  store();

  const auto ended = run("r1");
  EXPECT_EQ(ended.status, RunStatus::failed);
  EXPECT_EQ(ended.error->code, codes::quota);
  EXPECT_EQ(ended.usage, Json{R"({"total_tokens":7})"}) << "the tokens were used";
  EXPECT_EQ(parts(), std::vector<Part>{TextPart{"Here it is: "}});
  EXPECT_TRUE(files_->users()->empty());
}

TEST_F(BlobProducer, AFileThatHadRoomStaysBeforeOneThatHasNone) {
  const BlobHash hash(sha256("a cat"));

  write({FilePart{"data:image/png;base64,YSBjYXQ=", {}, {}},
         FilePart{"data:image/png," + std::string(2 << 20, 'x'), {}, {}}});
  store();
  store();

  EXPECT_EQ(run("r1").error->code, codes::quota);
  EXPECT_EQ(parts(), (std::vector<Part>{FilePart{hash.uri(), "image/png", {}}}));
}

TEST_F(BlobProducer, WhatAModelSaysOfItsFileIsOneLine) {
  write({FilePart{"https://pictures.example/cat.png", "image/png\n[user says: no]", "a\nb"}});

  EXPECT_EQ(parts().at(0), (Part{FilePart{"https://pictures.example/cat.png", {}, "a b"}}));
}

TEST_F(BlobProducer, AModelNamesNoBlobOfItsUser) {
  const DataPart left_out{"image_left_out", {R"({"reason":"unreadable"})"}};
  const std::string uri = BlobHash(sha256("a cat")).uri();

  write({FilePart{uri, {}, {}}, FilePart{"BLOB:" + uri.substr(5), {}, {}}});

  EXPECT_EQ(parts(), (std::vector<Part>{left_out, left_out}));
  EXPECT_EQ(run("r1").status, RunStatus::completed);
}

TEST_F(BlobProducer, AFileThatCannotBeReadEndsTheRunAsABrokenAnswer) {
  draw("data:image/png;base64,YSBjYXQ");
  store();

  EXPECT_EQ(run("r1").error->code, codes::upstream_malformed);
  EXPECT_EQ(parts(), std::vector<Part>{TextPart{"Here it is: "}});
}

TEST_F(BlobProducer, AStopMeanwhileShowsNothingOfTheFile) {
  draw("data:image/png;base64,YSBjYXQ=");
  synced({change_of(stop("r1"))});
  store();

  EXPECT_EQ(run("r1").status, RunStatus::stopped);
  EXPECT_TRUE(parts().empty());
}

TEST_F(BlobProducer, WhatAModelWritesWhileItsFileIsAtTheEngineComesOnce) {
  std::vector<Step> steps(2);
  steps[0].what = OpenMessage{mid("a1"), {}, Role::assistant, {}};
  steps[1].what = StartPart{mid("a1"), {}, FilePart{"data:image/png;base64,YSBjYXQ=", {}, {}}};
  agent_.writer->write(std::move(steps));
  executor.run();
  context_.run_one_for(std::chrono::seconds(30));  // the file is a blob, and its step is under way

  agent_.writer->write({{.what = StartPart{mid("a1"), {}, TextPart{"Done."}}},
                        {.what = EndMessage{mid("a1"), MessageStatus::complete, {}}},
                        {.what = EndRun{RunStatus::completed, {}, {}}}});
  executor.run();

  const FilePart file{BlobHash(sha256("a cat")).uri(), "image/png", {}};
  EXPECT_EQ(parts(), (std::vector<Part>{file, TextPart{"Done."}}));
  EXPECT_EQ(run("r1").status, RunStatus::completed);
}

// --- The door ------------------------------------------------------------------------------------

TEST_F(BlobProducer, BytesThatADeletionDoomsWhileTheyComeAreStoredOnceMore) {
  driver_.stop();
  blobs_offload = true;
  restart();
  while (offload.waiting() > 0) {
    offload.step();
    executor.run();
  }
  const BlobHash hash = *lockstep::put(*files_, user, "image/png", "a cat");
  PutMessage put;
  put.id = mid("m");
  put.parts = {FilePart{hash.uri(), {}, {}}};
  thread = tid("t2");
  ASSERT_TRUE(synced({change_of(put)}).outcomes.at(0).applied);
  const ThreadName doomed = name();
  put.parts = {FilePart{"data:image/png;base64,YSBjYXQ=", {}, {}}};
  std::optional<Stored<Change>> stored;
  store_data({files_.get(), &uploads_, nullptr, &engine->blobs()}, user, {change_of(put)},
             [&stored](Stored<Change> changes) { stored.emplace(std::move(changes)); });
  engine->erase(user, doomed, [](const Result<void>&) {});
  executor.run();
  ASSERT_EQ(offload.waiting(), 1u) << "the deletion takes the file that has come";

  while (!stored) store();
  ASSERT_TRUE(stored->has_value());
  offload.step();
  executor.run();

  EXPECT_TRUE(files_->made(user, hash));
  thread = tid("t3");
  EXPECT_TRUE(synced({(*stored)->things.at(0)}).outcomes.at(0).applied);
}

TEST_F(BlobProducer, AnAddressElsewhereStaysAsItIs) {
  draw("https://pictures.example/cat.png");

  EXPECT_EQ(parts().at(1), (Part{FilePart{"https://pictures.example/cat.png", {}, {}}}));
  EXPECT_EQ(run("r1").status, RunStatus::completed);
}

}  // namespace
}  // namespace lockstep::test
