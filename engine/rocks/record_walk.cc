// SPDX-License-Identifier: Apache-2.0
#include "engine/rocks/record_walk.h"

#include <algorithm>

#include "engine/base/must.h"
#include "engine/rocks/crc32c.h"
#include "engine/rocks/rocks_version.h"

namespace lockstep {
namespace {

constexpr std::size_t sum_bytes = 4;
static_assert(RecordWalk::header_bytes == sum_bytes + 2 + 1, "a sum, a length and a type");
static_assert(RecordWalk::block_bytes <= UINT16_MAX, "a fragment's length has two bytes");
constexpr std::uint8_t type_whole = 1;
constexpr std::uint8_t type_first = 2;
constexpr std::uint8_t type_middle = 3;
constexpr std::uint8_t type_last = 4;

std::uint8_t byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint8_t>(bytes[at]);
}

// Sums are stored masked, because the sum of bytes that contain their own sum is a constant.
std::uint32_t masked(std::uint32_t sum) {
  constexpr std::uint32_t delta = 0xa282ead8;
  return ((sum >> 15) | (sum << 17)) + delta;
}

bool all_zeros(std::string_view bytes) {
  return std::ranges::all_of(bytes, [](char byte) { return byte == '\0'; });
}

}  // namespace

void RecordWalk::block(std::string_view bytes) {
  MUST(bytes.size() <= block_bytes && size_ % block_bytes == 0);
  if (end_ && !all_zeros(bytes)) damaged(*end_);
  std::size_t at = 0;
  while (!end_ && !damaged_at_ && at + header_bytes <= bytes.size()) {
    if (fragment(bytes, at) == Seen::ended) break;
    at += header_bytes + (byte_at(bytes, at + 4) | std::size_t{byte_at(bytes, at + 5)} << 8);
  }
  size_ += bytes.size();
  MUST(whole_ <= size_ && damaged_at_.value_or(0) <= size_);
}

RecordWalk::Seen RecordWalk::fragment(std::string_view block, std::size_t at) {
  MUST(at + header_bytes <= block.size());
  const std::uint64_t place = size_ + at;
  const std::size_t length = byte_at(block, at + 4) | std::size_t{byte_at(block, at + 5)} << 8;
  const std::uint8_t type = byte_at(block, at + 6);
  if (type == 0 && length == 0) {
    end_ = place;
    if (!all_zeros(block.substr(at))) damaged(place);
    return Seen::ended;
  }
  if (at + header_bytes + length > block.size()) {
    end_ = place;
    if (block.size() == block_bytes) damaged(place);
    return Seen::ended;
  }
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < sum_bytes; ++i) {
    sum |= std::uint32_t{byte_at(block, at + i)} << (8 * i);
  }
  if (sum != masked(crc32c(block.substr(at + header_bytes - 1, length + 1)))) {
    damaged(place);
    return Seen::ended;
  }
  record(type, place, block.substr(at + header_bytes, length));
  return Seen::whole;
}

// Takes a fragment with the right checksum: is its type allowed at this place?
void RecordWalk::record(std::uint8_t type, std::uint64_t at, std::string_view bytes) {
  const bool begins = type == type_whole || type == type_first;
  const bool ends = type == type_whole || type == type_last;
  if (!begins && !ends && type != type_middle) return damaged(at);
  if (!begins && lost_) return;
  lost_ = false;
  if (begins == within_) return damaged(at);
  within_ = !ends;
  if (ends) whole_ = at + header_bytes + bytes.size();
  if (!on_record_) return;
  if (begins) gathered_.clear();
  gathered_ += bytes;
  if (ends) on_record_(gathered_);
}

}  // namespace lockstep
