// SPDX-License-Identifier: Apache-2.0
#include "server/codec/ws_frames.h"

#include <algorithm>
#include <utility>

namespace lockstep {
namespace {

constexpr std::uint8_t final_bit = 0x80;
constexpr std::uint8_t reserved_bits = 0x70;
constexpr std::uint8_t opcode_bits = 0x0f;
constexpr std::uint8_t mask_bit = 0x80;
constexpr std::uint8_t length_bits = 0x7f;
constexpr std::uint8_t length_16 = 126;
constexpr std::uint8_t length_64 = 127;
constexpr std::size_t control_bytes_max = 125;

constexpr WsFault not_utf8{1007, "text that is not UTF-8"};
constexpr WsFault too_large{1009, "message too large"};

WsFault protocol_fault(std::string_view reason) { return {1002, reason}; }

// The codes that a close frame may have (RFC 6455, 7.4).
bool is_close_code(unsigned code) {
  if (code >= 3000 && code <= 4999) return true;
  return code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
}

bool known_opcode(std::uint8_t opcode) { return opcode <= 2 || (opcode >= 8 && opcode <= 10); }

}  // namespace

std::size_t WsParser::header_needed() const {
  if (header_size_ < 2) return 2;
  const std::uint8_t length = header_[1] & length_bits;
  const std::size_t extra = length == length_16 ? 2 : length == length_64 ? 8 : 0;
  return 2 + extra + 4;
}

std::optional<WsFault> WsParser::feed(std::string_view bytes, const Take& take) {
  std::optional<WsFault> fault;
  while (!closed_ && !fault) {
    if (!in_payload_) {
      if (bytes.empty()) break;
      fault = take_header(static_cast<std::uint8_t>(bytes.front()));
      bytes.remove_prefix(1);
      if (fault || !in_payload_) continue;
    }
    if (left_ > 0 && bytes.empty()) break;
    fault = take_payload(bytes);
    if (!fault && left_ == 0) fault = end_frame(take);
  }
  if (fault) closed_ = true;
  return fault;
}

std::optional<WsFault> WsParser::take_header(std::uint8_t byte) {
  header_[header_size_++] = byte;
  if (header_size_ == header_needed()) return start_frame();
  // Check the first two bytes as soon as they are there: an unmasked frame has no mask, so waiting
  // for one would hang.
  if (header_size_ < 2 || (header_[1] & mask_bit) != 0) return std::nullopt;
  return protocol_fault("a frame without a mask");
}

std::optional<WsFault> WsParser::start_frame() {
  final_ = (header_[0] & final_bit) != 0;
  opcode_ = header_[0] & opcode_bits;
  const std::uint8_t length = header_[1] & length_bits;
  left_ = length;
  const std::size_t extra = length == length_16 ? 2 : length == length_64 ? 8 : 0;
  if (extra > 0) left_ = 0;
  for (std::size_t at = 0; at < extra; ++at) left_ = left_ << 8 | header_[2 + at];
  std::copy_n(header_.begin() + 2 + static_cast<std::ptrdiff_t>(extra), 4, mask_.begin());
  header_size_ = 0;
  mask_at_ = 0;
  in_payload_ = true;

  if ((header_[0] & reserved_bits) != 0) return protocol_fault("a reserved bit is set");
  if (!known_opcode(opcode_)) return protocol_fault("an unknown opcode");
  if (length == length_16 && left_ < length_16) return protocol_fault("a length in a long form");
  if (length == length_64 && left_ <= 0xffff) return protocol_fault("a length in a long form");
  if (length == length_64 && left_ >> 63 != 0) return protocol_fault("a length above 63 bits");
  if (control()) {
    if (!final_) return protocol_fault("a control frame in fragments");
    if (left_ > control_bytes_max) return protocol_fault("a control frame that is too long");
    return std::nullopt;
  }
  const bool continues = opcode_ == static_cast<std::uint8_t>(WsOpcode::continuation);
  if (continues && !opened_) return protocol_fault("a continuation without a message");
  if (!continues && opened_) return protocol_fault("a new message before the end of the last");
  if (opcode_ == static_cast<std::uint8_t>(WsOpcode::binary))
    return WsFault{1003, "binary message"};
  if (left_ > message_bytes_max_ - message_.size()) return too_large;
  opened_ = true;
  return std::nullopt;
}

std::optional<WsFault> WsParser::take_payload(std::string_view& bytes) {
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
  std::string& to = control() ? control_ : message_;
  to.reserve(to.size() + count);
  for (std::size_t at = 0; at < count; ++at) {
    const auto masked = static_cast<std::uint8_t>(bytes[at]);
    const auto byte = static_cast<std::uint8_t>(masked ^ mask_[mask_at_]);
    mask_at_ = (mask_at_ + 1) & 3;
    if (!control() && !utf8_.take(byte)) return not_utf8;
    to += static_cast<char>(byte);
  }
  left_ -= count;
  bytes.remove_prefix(count);
  return std::nullopt;
}

std::optional<WsFault> WsParser::end_frame(const Take& take) {
  in_payload_ = false;
  if (control()) return end_control(take);
  if (!final_) return std::nullopt;
  if (!utf8_.complete()) return not_utf8;
  opened_ = false;
  utf8_ = {};
  take({WsOpcode::text, std::exchange(message_, {}), 0});
  return std::nullopt;
}

std::optional<WsFault> WsParser::end_control(const Take& take) {
  std::string payload = std::exchange(control_, {});
  const auto opcode = static_cast<WsOpcode>(opcode_);
  if (opcode != WsOpcode::close) {
    take({opcode, std::move(payload), 0});
    return std::nullopt;
  }
  if (payload.size() == 1) return protocol_fault("a close code of one byte");
  unsigned code = 1005;
  if (payload.size() >= 2) {
    code = static_cast<unsigned>(static_cast<std::uint8_t>(payload[0])) << 8 |
           static_cast<std::uint8_t>(payload[1]);
    if (!is_close_code(code)) return protocol_fault("a close code that may not be sent");
    payload.erase(0, 2);
    Utf8Check reason;
    const bool good = std::ranges::all_of(
        payload, [&reason](char c) { return reason.take(static_cast<std::uint8_t>(c)); });
    if (!good || !reason.complete()) return not_utf8;
  }
  closed_ = true;
  take({opcode, std::move(payload), static_cast<std::uint16_t>(code)});
  return std::nullopt;
}

void append_ws_header(std::string& out, WsOpcode opcode, std::size_t payload_bytes) {
  out += static_cast<char>(final_bit | static_cast<std::uint8_t>(opcode));
  int extra = 0;
  if (payload_bytes < length_16) {
    out += static_cast<char>(payload_bytes);
  } else if (payload_bytes <= 0xffff) {
    out += static_cast<char>(length_16);
    extra = 2;
  } else {
    out += static_cast<char>(length_64);
    extra = 8;
  }
  for (int at = extra - 1; at >= 0; --at) {
    out += static_cast<char>(payload_bytes >> (8 * at) & 0xff);
  }
}

void append_ws_frame(std::string& out, WsOpcode opcode, std::string_view payload) {
  append_ws_header(out, opcode, payload.size());
  out += payload;
}

void append_ws_close(std::string& out, std::uint16_t code, std::string_view reason) {
  reason = reason.substr(0, control_bytes_max - 2);
  append_ws_header(out, WsOpcode::close, reason.size() + 2);
  out += static_cast<char>(code >> 8);
  out += static_cast<char>(code & 0xff);
  out += reason;
}

}  // namespace lockstep
