// SPDX-License-Identifier: Apache-2.0
// `lockstep replay`: on a terminal's screen, and in words in a pipe.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/rocks/temp_folder.h"
#include "tests/tools/store_files.h"
#include "tools/forms/transcript.h"
#include "tools/verbs/replay_screen.h"

namespace lockstep::test {
namespace {

// A terminal as far as a replay uses one: it holds the lines that a person would see.
class Glass {
 public:
  explicit Glass(std::size_t height) : height_(height) {}

  void write(const std::string& bytes) {
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      if (bytes[at] == '\x1b') {
        at = order(bytes, at + 2);
      } else if (bytes[at] == '\n') {
        ++row_;
        column_ = 0;
        if (row_ == lines_.size()) lines_.emplace_back();
      } else if (bytes[at] == '\r') {
        column_ = 0;
      } else {
        lines_[row_].resize(column_);
        lines_[row_] += bytes[at];
        ++column_;
      }
    }
  }
  // The visible lines: the last ones.
  [[nodiscard]] std::vector<std::string> seen() const {
    const std::size_t first = lines_.size() > height_ ? lines_.size() - height_ : 0;
    return {lines_.begin() + static_cast<std::ptrdiff_t>(first), lines_.end()};
  }

 private:
  std::size_t order(const std::string& bytes, std::size_t at) {
    std::size_t number = 0;
    for (; bytes[at] >= '0' && bytes[at] <= '9'; ++at) {
      number = number * 10 + static_cast<std::size_t>(bytes[at] - '0');
    }
    const std::size_t top = lines_.size() > height_ ? lines_.size() - height_ : 0;
    if (bytes[at] == 'A') row_ = std::max(top, row_ - std::min(row_, number));
    if (bytes[at] == 'H') {
      row_ = top;
      column_ = 0;
    }
    if (bytes[at] == 'J') {
      lines_.resize(row_ + 1);
      lines_[row_].resize(number == 2 ? 0 : column_);
    }
    return at;
  }

  std::size_t height_;
  std::vector<std::string> lines_{""};
  std::size_t row_ = 0;
  std::size_t column_ = 0;
};

std::vector<std::string> last(const std::vector<std::string>& lines, std::size_t count) {
  const std::size_t first = lines.size() > count ? lines.size() - count : 0;
  return {lines.begin() + static_cast<std::ptrdiff_t>(first), lines.end()};
}

TEST(ReplayScreen, ShowsTheNextStateAfterAnyEarlierOne) {
  constexpr std::size_t height = 4;
  const std::vector<std::vector<std::string>> shows{
      {"a"},
      {"ab"},
      {"ab", "c"},
      {"ab", "cd", "", "e"},
      {"ab", "c"},
      {"ab"},
      {"x", "y", "z"},
      {"x", "y"},
      {"x", "", "z"},
      {"1", "2", "3", "4", "5", "6"},
      {"1", "2", "3", "4", "5", "6 and more"},
      {"1", "2", "3", "four", "5"},
      {"one", "2", "3", "4", "5", "6"},
      {"one"},
      {},
      {"again"},
  };
  Glass glass(height);
  ReplayScreen screen(height);
  std::size_t longest = 0;
  for (const auto& lines : shows) {
    glass.write(screen.show(lines));

    longest = std::max(longest, lines.size());
    const std::vector<std::string> wanted =
        lines.empty() ? std::vector<std::string>{""} : last(lines, height);
    EXPECT_EQ(last(glass.seen(), wanted.size()), wanted);
  }
  EXPECT_GT(longest, height) << "lines have scrolled away";
}

TEST(ReplayScreen, WritesOnWhereTextOnlyGrew) {
  ReplayScreen screen(4);
  EXPECT_EQ(screen.show({"Hel"}), "Hel");

  EXPECT_EQ(screen.show({"Hello"}), "lo");
  EXPECT_EQ(screen.show({"Hello", "there"}), "\nthere");
  EXPECT_EQ(screen.show({"Hello", "there"}), "");
}

TEST(Transcript, LinesAreNeverWiderThanTheirColumns) {
  const std::vector<std::string> lines = wrap("one two three\nfour 🌕🌕🌕🌕🌕", 8);

  EXPECT_EQ(lines, (std::vector<std::string>{"one two ", "three", "four ", "🌕🌕🌕🌕", "🌕"}));
}

TEST(Transcript, ControlCharactersAreNotOrders) {
  Message message;
  message.parts = {TextPart{"a\x1b[2Jb\u009b2Jc\x07"}};

  EXPECT_EQ(readable(message), "a[2Jb2Jc");
}

TEST(Transcript, SaysHowACallStandsAndThatItsToolHasFailed) {
  Message message;
  message.parts = {ToolCallPart{"c1", "delete", "{}"},
                   ToolResultPart{"c1", "no disk", false, true}};
  const auto said = [&](CallStatus status, const std::string& reason = "") {
    message.calls = {{0, status, reason}};
    return readable(message);
  };
  EXPECT_EQ(readable(message), "> delete({}) c1\n< c1 failed: no disk");
  EXPECT_TRUE(said(CallStatus::needs_approval).starts_with("> delete({}) c1 [needs approval]\n"));
  EXPECT_TRUE(said(CallStatus::approved).contains("[approved]"));
  EXPECT_TRUE(said(CallStatus::running).contains("[running]"));
  EXPECT_TRUE(said(CallStatus::denied).contains("[denied]"));
  EXPECT_TRUE(said(CallStatus::denied, "no\x1b[2J\nnever").contains("[denied: no[2J never]"))
      << readable(message);
}

TEST(Transcript, SaysThatTheTimeForAnAnswerIsOver) {
  Story story;
  StartRun start;
  start.run = RunId("r1");
  start.input = {input("u1", "go")};
  start.resumes = true;
  story.change(std::move(start));
  const MessageId a1("a1");
  story.steps("r1", {OpenMessage{a1, {}, Role::assistant, {}},
                     StartPart{a1, {}, ToolCallPart{"c1", "look", "{}"}},
                     EndMessage{a1, MessageStatus::complete, {}}, EndRun{}});
  EXPECT_EQ(readable(story.message("a1"), &story.state()), "> look({}) c1");
  story.wait(std::chrono::hours(2));
  story.change(UpdateThread{"later", {}, {}, {}});
  EXPECT_EQ(readable(story.message("a1"), &story.state()), "> look({}) c1 [expired]");
  story.change(AnswerCall{a1, "c1", "found", false, MessageId("t1")});
  EXPECT_EQ(readable(story.message("a1"), &story.state()), "> look({}) c1");
}

class Replay : public testing::Test {
 protected:
  Replay() {
    const Said said = lockstep({"import", "-", "--data", data_}, history_of(story_));
    EXPECT_EQ(said.code, 0) << said.err;
  }

  TempFolder folder_;
  std::string data_ = folder_.path() + "/data";
  Story story_ = stopped_and_answered();
};

TEST_F(Replay, TellsTheTextThatCameAndTheTextThatWent) {
  const Said said = lockstep({"replay", "thread", "--data", data_, "--speed", "0"});

  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_NE(said.out.find("a1 + \" 384,000 km away.\""), std::string::npos) << said.out;
  EXPECT_NE(said.out.find("cut by \" 384,000 km away.\""), std::string::npos) << said.out;
}

TEST_F(Replay, EndsWithTheStoredText) {
  const Said said = lockstep({"replay", "thread", "--data", data_, "--speed", "0"});

  EXPECT_TRUE(
      said.out.ends_with("assistant a1 run r1 stopped\nIt is about\n\n"
                         "user u2\nIn miles, please 🌕\n\n"
                         "assistant a2 run r2\n238,855 miles.\n"))
      << said.out;
}

TEST_F(Replay, StopsWhereItIsTold) {
  const std::string to = std::to_string(story_.entries()[3].at.get());

  const Said said = lockstep({"replay", "thread", "--data", data_, "--speed", "0", "--to", to});

  EXPECT_TRUE(said.out.ends_with("It is about 384,000 km away.\n")) << said.out;
}

TEST_F(Replay, StartsWhereItIsTold) {
  const std::string from = std::to_string(story_.entries()[3].at.get());

  const Said said = lockstep({"replay", "thread", "--data", data_, "--speed", "0", "--from", from});

  EXPECT_NE(said.out.find("the thread so far"), std::string::npos) << said.out;
  EXPECT_EQ(said.out.find("a1 + "), std::string::npos) << said.out;
  EXPECT_NE(said.out.find("cut by"), std::string::npos) << said.out;
}

TEST_F(Replay, RefusesTimesThatShowNothing) {
  const std::string first = std::to_string(story_.entries()[0].at.get());
  const std::string third = std::to_string(story_.entries()[2].at.get());

  const Said swapped =
      lockstep({"replay", "thread", "--data", data_, "--from", third, "--to", first});
  const Said early = lockstep({"replay", "thread", "--data", data_, "--to", "1"});

  EXPECT_EQ(swapped.code, 2) << swapped.out;
  EXPECT_NE(swapped.err.find("--to is before --from"), std::string::npos) << swapped.err;
  EXPECT_EQ(early.code, 1) << early.out;
  EXPECT_NE(early.err.find("did not exist yet at 1"), std::string::npos) << early.err;
}

TEST_F(Replay, GivesTheEntriesToPrograms) {
  const Said said = lockstep({"replay", "thread", "--data", data_, "--speed", "0", "--json"});

  EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(said.out, '\n')), story_.entries().size());
  EXPECT_TRUE(said.out.starts_with("{\"ts\":")) << said.out;
}

}  // namespace
}  // namespace lockstep::test
