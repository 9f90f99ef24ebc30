// SPDX-License-Identifier: Apache-2.0
#include "engine/rocks/rocks_keys.h"

#include "engine/base/must.h"
#include "engine/rocks/crc32c.h"

namespace lockstep {
namespace {

constexpr char value_version = 1;
constexpr std::size_t number_bytes = 8;
constexpr std::size_t checksum_bytes = 4;
static_assert(number_bytes == sizeof(ThreadNumber) && number_bytes == sizeof(Timestamp) &&
              number_bytes == sizeof(CommitNumber));
static_assert(checksum_bytes == sizeof(std::uint32_t));

void put_number(std::string& out, std::uint64_t number) {
  for (std::size_t i = number_bytes; i-- > 0;) {
    out.push_back(static_cast<char>(number >> (8 * i) & 0xff));
  }
}

void put_varint(std::string& out, std::uint64_t number) {
  while (number >= 0x80) {
    out.push_back(static_cast<char>((number & 0x7f) | 0x80));
    number >>= 7;
  }
  out.push_back(static_cast<char>(number));
}

// Takes a number off the front of `bytes`.
std::optional<std::uint64_t> take_varint(std::string_view& bytes) {
  std::uint64_t number = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (bytes.empty()) return std::nullopt;
    auto byte = static_cast<unsigned char>(bytes[0]);
    bytes.remove_prefix(1);
    number |= std::uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) return number;
  }
  return std::nullopt;
}

void put_checksum(std::string& out, std::string_view key) {
  std::uint32_t sum = crc32c(out, crc32c(key));
  for (std::size_t i = 0; i < checksum_bytes; ++i) {
    out.push_back(static_cast<char>(sum >> (8 * i) & 0xff));
  }
}

// Takes the checksum off the end of `bytes`. False if it is wrong.
bool take_checksum(std::string_view& bytes, std::string_view key) {
  if (bytes.size() < checksum_bytes) return false;
  std::string_view last = bytes.substr(bytes.size() - checksum_bytes);
  bytes.remove_suffix(checksum_bytes);
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < checksum_bytes; ++i) {
    sum |= std::uint32_t{static_cast<unsigned char>(last[i])} << (8 * i);
  }
  return sum == crc32c(bytes, crc32c(key));
}

}  // namespace

std::string encode_number(std::uint64_t number) {
  std::string out;
  put_number(out, number);
  return out;
}

std::optional<std::uint64_t> decode_number(std::string_view bytes) {
  if (bytes.size() != number_bytes) return std::nullopt;
  std::uint64_t number = 0;
  for (char byte : bytes) number = number << 8 | static_cast<unsigned char>(byte);
  return number;
}

std::string encode_key(LogKey key) {
  std::string out;
  out.reserve(2 * number_bytes);
  put_number(out, key.thread.get());
  put_number(out, key.at.get());
  return out;
}

std::optional<LogKey> decode_key(std::string_view bytes) {
  if (bytes.size() != 2 * number_bytes) return std::nullopt;
  return LogKey{ThreadNumber(*decode_number(bytes.substr(0, number_bytes))),
                Timestamp(*decode_number(bytes.substr(number_bytes)))};
}

std::string thread_begin(ThreadNumber thread) { return encode_number(thread.get()); }

std::string thread_end(ThreadNumber thread) { return encode_number(thread.get() + 1); }

std::string encode_value(LogKey key, const LogValue& value) {
  MUST(value.previous < key.at);
  std::string out;
  out.reserve(value.body.size() + 3 * number_bytes);
  out.push_back(value_version);
  put_varint(out, value.commit.get());
  put_varint(out, key.at.get() - value.previous.get());
  out += value.body;
  put_checksum(out, encode_key(key));
  return out;
}

std::optional<LogValue> decode_value(LogKey key, std::string_view bytes) {
  if (!take_checksum(bytes, encode_key(key))) return std::nullopt;
  if (bytes.empty() || bytes[0] != value_version) return std::nullopt;
  bytes.remove_prefix(1);
  auto commit = take_varint(bytes);
  auto back = take_varint(bytes);
  if (!commit || !back || *back == 0 || *back > key.at.get()) return std::nullopt;
  return LogValue{CommitNumber(*commit), Timestamp(key.at.get() - *back), bytes};
}

std::string encode_tail(const LogTail& tail) {
  std::string out;
  put_number(out, tail.last.get());
  put_number(out, tail.entry.thread.get());
  put_number(out, tail.entry.at.get());
  put_number(out, tail.without);
  put_checksum(out, tail_key);
  return out;
}

std::optional<LogTail> decode_tail(std::string_view bytes) {
  if (!take_checksum(bytes, tail_key) || bytes.size() != 4 * number_bytes) return std::nullopt;
  auto number = [bytes](std::size_t place) {
    return *decode_number(bytes.substr(place * number_bytes, number_bytes));
  };
  return LogTail{
      CommitNumber(number(0)), {ThreadNumber(number(1)), Timestamp(number(2))}, number(3)};
}

}  // namespace lockstep
