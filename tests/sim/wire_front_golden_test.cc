// SPDX-License-Identifier: Apache-2.0
// The golden vectors, read by a device that knows only the wire: each is a thread before, an entry
// or a diff, and the thread after.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/sim/wire_front.h"

namespace lockstep::sim {
namespace {

using boost::json::array;
using boost::json::object;
using boost::json::value;

std::vector<std::filesystem::path> vectors() {
  std::vector<std::filesystem::path> paths;
  const std::filesystem::path folder = std::filesystem::path(LOCKSTEP_SOURCE_DIR) / "tests/golden";
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (file.path().extension() == ".json") paths.push_back(file.path());
  }
  std::ranges::sort(paths);
  return paths;
}

object read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return boost::json::parse(std::string(std::istreambuf_iterator<char>(file), {})).as_object();
}

// A front that holds the state `before`: it came as a whole.
WireFront front_at(const object& before) {
  WireFront front("thread", "screen");  // not one of those whose acks they have
  if (before.at("ts") == value(0)) return front;
  object diff{{"frame", "diff"},
              {"cursor", std::to_string(before.at("ts").as_int64()) + "@0000000000abcdef"},
              {"from", 0},
              {"thread", before.at("thread")},
              {"messages", before.at("messages")},
              {"removed", array()},
              {"runs", before.at("runs")},
              {"outcomes", array()}};
  const WireFront::Taken taken = front.take(boost::json::serialize(diff));
  EXPECT_EQ(taken.wrong, "");
  return front;
}

void expect_after(const object& vector, std::string_view frame) {
  if (!vector.contains(frame)) return;
  WireFront front = front_at(vector.at("before").as_object());

  const WireFront::Taken taken = front.take(boost::json::serialize(vector.at(frame)));

  EXPECT_EQ(taken.wrong, "") << frame;
  EXPECT_FALSE(taken.sync_anew) << frame;
  EXPECT_EQ(front.state_json(), canonical_state(vector.at("after").as_object())) << frame;
}

TEST(WireFrontGolden, EveryEntryLeadsToTheStateAfterIt) {
  const auto paths = vectors();
  ASSERT_GE(paths.size(), 20U);
  for (const auto& path : paths) {
    SCOPED_TRACE(path.filename().string());
    expect_after(read(path), "entry");
  }
}

TEST(WireFrontGolden, EveryDiffLeadsToTheStateAfterIt) {
  const auto paths = vectors();
  ASSERT_GE(paths.size(), 20U);
  for (const auto& path : paths) {
    SCOPED_TRACE(path.filename().string());
    expect_after(read(path), "diff");
  }
}

TEST(WireFrontGolden, AppliesEveryDiffTwiceAsOnce) {
  for (const auto& path : vectors()) {
    SCOPED_TRACE(path.filename().string());
    const object vector = read(path);
    WireFront front = front_at(vector.at("before").as_object());
    const std::string diff = boost::json::serialize(vector.at("diff"));

    const WireFront::Taken once = front.take(diff);
    const WireFront::Taken twice = front.take(diff);

    EXPECT_EQ(once.wrong, "");
    EXPECT_EQ(twice.wrong, "");
    EXPECT_EQ(front.state_json(), canonical_state(vector.at("after").as_object()));
  }
}

TEST(WireFrontGolden, AppliesEveryDiffToTheStateThatItsEntryMade) {
  for (const auto& path : vectors()) {
    SCOPED_TRACE(path.filename().string());
    const object vector = read(path);
    if (!vector.contains("entry")) continue;
    WireFront front = front_at(vector.at("before").as_object());

    const WireFront::Taken entry = front.take(boost::json::serialize(vector.at("entry")));
    const WireFront::Taken diff = front.take(boost::json::serialize(vector.at("diff")));

    EXPECT_EQ(entry.wrong, "");
    EXPECT_EQ(diff.wrong, "");
    EXPECT_EQ(front.state_json(), canonical_state(vector.at("after").as_object()));
  }
}

}  // namespace
}  // namespace lockstep::sim
