// SPDX-License-Identifier: Apache-2.0
// ws_frames.h: parses and writes WebSocket frames (RFC 6455) after the upgrade.
//
// Pure: bytes in, messages out; no socket, no clock. The messages do not depend on how the network
// splits the bytes into reads.
//
//   byte 0   FIN, three reserved bits (must be 0), opcode
//   byte 1   MASK (must be set by clients), length, or 126: two more bytes, 127: eight more
//   then     4 bytes of mask, and the payload, each byte xored with the mask's
//
// A message may come in fragments, with control frames between them. The parser checks that text is
// UTF-8 byte by byte, across fragments. A frame that breaks a rule ends the parsing with a close
// code: 1002 protocol, 1003 binary, 1007 not UTF-8, 1009 too large.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/utf8.h"

namespace lockstep {

enum class WsOpcode : std::uint8_t {
  continuation = 0,
  text = 1,
  binary = 2,
  close = 8,
  ping = 9,
  pong = 10,
};

struct WsClose {
  static constexpr std::uint16_t normal = 1000;
  static constexpr std::uint16_t going_away = 1001;
  static constexpr std::uint16_t none = 1005;  // never sent: a close frame that names no code
  static constexpr std::uint16_t policy = 1008;
  static constexpr std::uint16_t try_again = 1013;
  static constexpr std::uint16_t not_authorised = 4401;
};

// A whole text message, or a control frame. The `payload` of a close frame is the reason.
struct WsItem {
  WsOpcode opcode = WsOpcode::text;
  std::string payload;
  std::uint16_t close_code = 0;  // of a close frame; 1005 if it names none
  friend bool operator==(const WsItem&, const WsItem&) = default;
};

struct WsFault {
  std::uint16_t close_code = 0;
  std::string_view reason;
  friend bool operator==(const WsFault&, const WsFault&) = default;
};

class WsParser {
 public:
  using Take = std::function<void(WsItem item)>;

  explicit WsParser(std::size_t message_bytes_max) : message_bytes_max_(message_bytes_max) {}

  // Takes bytes in pieces of any size, and calls `take` with each whole item, in order. After a
  // fault or a close frame it ignores all further bytes.
  std::optional<WsFault> feed(std::string_view bytes, const Take& take);

  // The bytes of a message that is not whole yet.
  [[nodiscard]] std::size_t held() const { return message_.size(); }
  // Is a frame or a message half read?
  [[nodiscard]] bool in_message() const { return header_size_ > 0 || opened_ || left_ > 0; }

 private:
  [[nodiscard]] std::size_t header_needed() const;
  std::optional<WsFault> take_header(std::uint8_t byte);
  std::optional<WsFault> start_frame();
  std::optional<WsFault> take_payload(std::string_view& bytes);
  std::optional<WsFault> end_frame(const Take& take);
  std::optional<WsFault> end_control(const Take& take);
  [[nodiscard]] bool control() const { return (opcode_ & 8U) != 0; }

  std::size_t message_bytes_max_;
  std::array<std::uint8_t, 14> header_{};
  std::uint8_t header_size_ = 0;
  bool in_payload_ = false;
  bool final_ = false;
  bool opened_ = false;  // between a message's first fragment and its last
  bool closed_ = false;
  std::uint8_t opcode_ = 0;
  std::uint8_t mask_at_ = 0;
  std::uint64_t left_ = 0;  // payload bytes of the frame still to come
  std::array<std::uint8_t, 4> mask_{};
  Utf8Check utf8_;
  std::string message_;
  std::string control_;
};

// Frames of a server: never masked, never fragmented.
void append_ws_header(std::string& out, WsOpcode opcode, std::size_t payload_bytes);
void append_ws_frame(std::string& out, WsOpcode opcode, std::string_view payload);
void append_ws_close(std::string& out, std::uint16_t code, std::string_view reason);

}  // namespace lockstep
