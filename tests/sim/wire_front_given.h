// SPDX-License-Identifier: Apache-2.0
// wire_front_given.h: the frames and the small thread with which the tests of a wire front begin.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/sim/wire_front.h"

namespace lockstep::sim {

inline std::string thread_json(std::string_view head, std::string_view updated) {
  return R"({"id":"t","title":"","archived":false,"metadata":{},"head":)" + std::string(head) +
         R"(,"created":10,"updated":)" + std::string(updated) + R"(,"running":false})";
}

inline std::string message_json(std::string_view id, std::string_view parent,
                                std::string_view created) {
  return R"({"id":")" + std::string(id) + R"(","parent":)" + std::string(parent) +
         R"(,"role":"user","parts":[{"type":"text","text":"a😀b"}],"status":"complete","created":)" +
         std::string(created) + R"(,"updated":)" + std::string(created) + "}";
}

inline std::string diff(std::string_view cursor, std::string_view from, std::string_view rest) {
  const std::string lists =
      rest.empty() ? R"("messages":[],"removed":[],"runs":[],"outcomes":[])" : std::string(rest);
  return R"({"frame":"diff","cursor":")" + std::string(cursor) + R"(","from":)" +
         std::string(from) + "," + lists + "}";
}

// Holds u1 and, below it, u2, at 20@e1.
inline WireFront front_at_20() {
  WireFront front("t", "phone");
  const auto taken = front.take(diff("20@e1", "0",
                                     R"("thread":)" + thread_json(R"("u2")", "20") +
                                         R"(,"messages":[)" + message_json("u1", "null", "10") +
                                         "," + message_json("u2", R"("u1")", "20") +
                                         R"(],"removed":[],"runs":[],"outcomes":[])"));
  EXPECT_EQ(taken.wrong, "");
  return front;
}

inline constexpr std::string_view entry_21 =
    R"({"frame":"entry","ts":21,"prev":20,"events":[{"type":"head_moved","head":"u1"}]})";

inline boost::json::object move_head() { return {{"type", "move_head"}, {"head", "u1"}}; }

}  // namespace lockstep::sim
