// SPDX-License-Identifier: Apache-2.0
// The administrator's socket: its orders, its access, and how an order ends.
#include "server/control.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <future>
#include <semaphore>

#include "engine/base/codes.h"
#include "tests/rocks/temp_folder.h"
#include "tests/tools/store_files.h"

namespace lockstep::test {
namespace {

namespace asio = boost::asio;
using asio::local::stream_protocol;

const std::string order = R"({"do":"backup","to":"/backups","keep":3})"
                          "\n";

class ControlTest : public testing::Test {
 protected:
  // A backup as the test wants it; the strand is this thread.
  void open(std::function<Result<std::string>(const BackupOrder&, std::stop_token,
                                              ControlParts::Progress)>
                make) {
    auto opened =
        Control::open({.context = context_, .log = log_, .make_backup = std::move(make)}, path_);
    ASSERT_TRUE(opened.has_value()) << opened.error().detail;
    control_ = std::move(*opened);
  }
  // A work that runs until a stop.
  void open_endless() {
    open([this](const BackupOrder&, const std::stop_token& stop,
                const ControlParts::Progress&) -> Result<std::string> {
      std::binary_semaphore stopped{0};
      const std::stop_callback on_stop(stop, [&stopped] { stopped.release(); });
      begun_.release();
      stopped.acquire();
      return fail(Kind::unavailable, codes::stopped, "it was stopped");
    });
  }
  // Another process: says it, and reads to the end.
  std::future<std::string> asked(std::string line) {
    return std::async(std::launch::async, [this, line = std::move(line)] {
      stream_protocol::iostream stream{stream_protocol::endpoint(path_)};
      stream << line << std::flush;
      return std::string(std::istreambuf_iterator<char>(stream), {});
    });
  }
  template <class T>
  T run_until(std::future<T>& answer) {
    while (answer.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
      context_.run_one_for(std::chrono::milliseconds(5));
    }
    return answer.get();
  }
  void run_until_begun() {
    while (!begun_.try_acquire()) context_.run_one_for(std::chrono::milliseconds(5));
  }

  TempFolder folder_;
  std::string path_ = Control::path_in(folder_.path());
  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
  LineLog log_{LineLog::Level::error, LineLog::Style::text};
  std::binary_semaphore begun_{0};
  std::unique_ptr<Control> control_;
};

TEST_F(ControlTest, ABackupIsMadeAsOrderedAndToldOf) {
  BackupOrder got;
  open([&](const BackupOrder& asked, const std::stop_token&,
           const ControlParts::Progress& progress) -> Result<std::string> {
    got = asked;
    progress(17);
    return R"({"backup":1})";
  });

  auto answer = asked(order);

  EXPECT_EQ(run_until(answer), "{\"progress\":17}\n{\"done\":{\"backup\":1}}\n");
  EXPECT_EQ(got.to, "/backups");
  EXPECT_EQ(got.keep, 3u);
}

TEST_F(ControlTest, AFailureIsAnsweredWithItsCode) {
  open([](const BackupOrder&, const std::stop_token&,
          const ControlParts::Progress&) -> Result<std::string> {
    return fail(Kind::unavailable, codes::no_space, "the disk is \"full\"");
  });

  auto answer = asked(order);

  EXPECT_EQ(run_until(answer),
            "{\"problem\":{\"code\":\"no_space\",\"detail\":\"the disk is \\\"full\\\"\"}}\n");
}

TEST_F(ControlTest, OnlyTheOwnerOfTheFilesMayConnect) {
  open_endless();

  struct stat found{};
  ASSERT_EQ(::stat(path_.c_str(), &found), 0);
  EXPECT_TRUE(S_ISSOCK(found.st_mode));
  EXPECT_EQ(found.st_mode & 0777U, 0600U);
}

TEST_F(ControlTest, AnInvalidOrderIsRefused) {
  open_endless();
  for (const char* line :
       {"", "backup", "[]", "{}", R"({"do":"dance"})", R"({"do":"backup"})",
        R"({"do":"backup","to":"here"})", R"({"do":"backup","to":7})",
        R"({"do":"backup","to":"/x","keep":0})", R"({"do":"backup","to":"/x","keep":"all"})"}) {
    auto answer = asked(std::string(line) + "\n");
    EXPECT_TRUE(run_until(answer).starts_with("{\"problem\":{\"code\":\"invalid\"")) << line;
  }
}

TEST_F(ControlTest, OneBackupIsMadeAtATime) {
  open_endless();
  auto first = asked(order);
  run_until_begun();

  auto second = asked(order);

  EXPECT_TRUE(run_until(second).starts_with("{\"problem\":{\"code\":\"busy\""));
  control_->stop();
  EXPECT_TRUE(run_until(first).starts_with("{\"problem\":{\"code\":\"stopped\""));
}

TEST_F(ControlTest, AStopEndsTheBackupAndTakesTheSocketAway) {
  open_endless();
  auto answer = asked(order);
  run_until_begun();

  control_->stop();

  EXPECT_TRUE(run_until(answer).starts_with("{\"problem\":{\"code\":\"stopped\""));
  EXPECT_FALSE(std::filesystem::exists(path_));
  control_.reset();
}

TEST_F(ControlTest, ADisconnectedBackupDoesNotDelayTheEnd) {
  open_endless();
  auto answer = asked(order);
  run_until_begun();

  control_.reset();  // would not return if the backup went on

  work_.reset();
  context_.run();
  EXPECT_TRUE(answer.get().starts_with("{\"problem\":{\"code\":\"stopped\""));
}

TEST_F(ControlTest, AHangUpEndsTheBackup) {
  open_endless();
  {
    stream_protocol::iostream stream{stream_protocol::endpoint(path_)};
    stream << order << std::flush;
    run_until_begun();
  }

  // As soon as the first is over there is room for another. Until then others are refused.
  auto next = asked(order);
  while (!begun_.try_acquire()) {
    context_.run_one_for(std::chrono::milliseconds(5));
    if (next.wait_for(std::chrono::seconds(0)) != std::future_status::ready) continue;
    ASSERT_TRUE(next.get().starts_with("{\"problem\":{\"code\":\"busy\""));
    next = asked(order);
  }
  control_->stop();
  EXPECT_TRUE(run_until(next).starts_with("{\"problem\":{\"code\":\"stopped\""));
}

TEST_F(ControlTest, ASocketOfADeadServerIsReplaced) {
  write_whole(path_, "left behind");
  open([](const BackupOrder&, const std::stop_token&,
          const ControlParts::Progress&) -> Result<std::string> { return "{}"; });

  auto answer = asked(order);

  EXPECT_EQ(run_until(answer), "{\"done\":{}}\n");
}

}  // namespace
}  // namespace lockstep::test
