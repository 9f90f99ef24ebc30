// SPDX-License-Identifier: Apache-2.0
// Frames that RFC 6455 allows, and frames that it does not.
#include "server/codec/ws_frames.h"

#include <gtest/gtest.h>

#include <vector>

namespace lockstep {
namespace {

constexpr std::size_t size_max = 1000;

// A client's frame: masked, with any first byte.
std::string frame(unsigned first, const std::string& payload, bool masked = true) {
  std::string out(1, static_cast<char>(first));
  const unsigned bit = masked ? 0x80 : 0;
  if (payload.size() < 126) {
    out += static_cast<char>(bit | payload.size());
  } else {
    out += static_cast<char>(bit | 126);
    out += static_cast<char>(payload.size() >> 8);
    out += static_cast<char>(payload.size() & 0xff);
  }
  const std::string mask = "\x11\x22\x33\x44";
  if (!masked) return out + payload;
  out += mask;
  for (std::size_t at = 0; at < payload.size(); ++at) {
    out += static_cast<char>(payload[at] ^ mask[at % 4]);
  }
  return out;
}

struct Outcome {
  std::vector<WsItem> items;
  std::optional<WsFault> fault;
};

Outcome parse(const std::string& bytes, std::size_t chunk = std::string::npos) {
  Outcome outcome;
  WsParser parser(size_max);
  for (std::size_t at = 0; at < bytes.size() && !outcome.fault; at += chunk) {
    outcome.fault = parser.feed(std::string_view(bytes).substr(at, chunk),
                                [&](WsItem item) { outcome.items.push_back(std::move(item)); });
    if (chunk == std::string::npos) break;
  }
  return outcome;
}

struct BadFrame {
  std::string bytes;
  int close_code;
};
void PrintTo(const BadFrame& bad, std::ostream* out) { *out << bad.close_code; }

class BadFrames : public testing::TestWithParam<BadFrame> {};

TEST_P(BadFrames, EndWithTheCloseCodeForThem) {
  for (const std::size_t chunk : {std::string::npos, std::size_t{1}, std::size_t{3}}) {
    const Outcome outcome = parse(GetParam().bytes, chunk);

    ASSERT_TRUE(outcome.fault.has_value());
    EXPECT_EQ(outcome.fault->close_code, GetParam().close_code);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, BadFrames,
    testing::Values(
        BadFrame{frame(0x81, "x", false), 1002},                             // no mask
        BadFrame{frame(0xc1, "x"), 1002},                                    // reserved bits
        BadFrame{frame(0x91, "x"), 1002}, BadFrame{frame(0x83, "x"), 1002},  // unknown opcodes
        BadFrame{frame(0x8b, ""), 1002}, BadFrame{frame(0x80, "x"), 1002},   // continues no message
        BadFrame{frame(0x01, "x") + frame(0x81, "y"), 1002},      // a message within a message
        BadFrame{frame(0x09, "x"), 1002},                         // a ping in fragments
        BadFrame{frame(0x89, std::string(126, 'x')), 1002},       // a ping too long
        BadFrame{frame(0x88, "x"), 1002},                         // half a close code
        BadFrame{frame(0x88, std::string("\x03\xed", 2)), 1002},  // 1005 may not be sent
        BadFrame{frame(0x88, std::string("\x00\x10", 2)), 1002},
        BadFrame{frame(0x88, "\x03\xe8\xff"), 1007},  // a reason that is not UTF-8
        BadFrame{frame(0x82, "x"), 1003},             // binary
        BadFrame{frame(0x81, "\xff"), 1007},
        BadFrame{frame(0x81, "\xed\xa0\x80"), 1007},  // a surrogate
        BadFrame{frame(0x81, "\xc0\x80"), 1007},      // overlong
        BadFrame{frame(0x81, "\xe2\x82"), 1007},      // unfinished
        BadFrame{frame(0x01, "\xe2") + frame(0x80, "\x28"), 1007},
        BadFrame{frame(0x81, std::string(size_max + 1, 'x')), 1009},
        BadFrame{frame(0x01, std::string(size_max, 'x')) + frame(0x80, "y"), 1009},
        BadFrame{std::string("\x81\xfe\x00\x05\x01\x02\x03\x04", 8), 1002},  // a length too long
        BadFrame{std::string("\x81\xff\x80\0\0\0\0\0\0\0\x01\x02\x03\x04", 14), 1002}));

TEST(WsFrames, AMessageInFragmentsWithAPingBetweenComesWhole) {
  const std::string bytes = frame(0x01, "he\xe2\x82") + frame(0x89, "p") + frame(0x00, "\xac") +
                            frame(0x80, "llo") + frame(0x81, "");

  for (const std::size_t chunk : {std::string::npos, std::size_t{1}, std::size_t{5}}) {
    const Outcome outcome = parse(bytes, chunk);

    ASSERT_FALSE(outcome.fault.has_value());
    const std::vector<WsItem> expected{{WsOpcode::ping, "p", 0},
                                       {WsOpcode::text, "he\xe2\x82\xacllo", 0},
                                       {WsOpcode::text, "", 0}};
    EXPECT_EQ(outcome.items, expected);
  }
}

TEST(WsFrames, NothingIsHeardAfterAClose) {
  const Outcome outcome = parse(frame(0x88,
                                      "\x03\xe8"
                                      "bye") +
                                frame(0x81, "x") + frame(0xff, "x"));

  ASSERT_FALSE(outcome.fault.has_value());
  ASSERT_EQ(outcome.items.size(), 1U);
  EXPECT_EQ(outcome.items[0], (WsItem{WsOpcode::close, "bye", 1000}));
}

TEST(WsFrames, ALongMessageUsesALongLength) {
  const std::string text(300, 'x');

  const Outcome outcome = parse(frame(0x81, text), 7);

  ASSERT_EQ(outcome.items.size(), 1U);
  EXPECT_EQ(outcome.items[0].payload, text);
}

TEST(WsFrames, AServerWritesEachLengthInItsShortestForm) {
  std::string small;
  append_ws_frame(small, WsOpcode::text, "abc");
  std::string medium;
  append_ws_header(medium, WsOpcode::text, 126);
  std::string large;
  append_ws_header(large, WsOpcode::text, 65536);
  std::string close;
  append_ws_close(close, 1001, "bye");

  EXPECT_EQ(small,
            "\x81\x03"
            "abc");
  EXPECT_EQ(medium, std::string("\x81\x7e\x00\x7e", 4));
  EXPECT_EQ(large, std::string("\x81\x7f\0\0\0\0\0\x01\0\0", 10));
  EXPECT_EQ(close,
            "\x88\x05\x03\xe9"
            "bye");
}

}  // namespace
}  // namespace lockstep
