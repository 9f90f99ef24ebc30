// SPDX-License-Identifier: Apache-2.0
#include "server/net/byte_range.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <system_error>

#include "engine/base/ascii.h"
#include "server/net/trimmed.h"

namespace lockstep {
namespace {

constexpr std::string_view unit = "bytes=";  // units have no case (RFC 9110, section 14.1)

// A number of a range. Beyond 64 bits it is more than any blob has.
std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || end != text.data() + text.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) return UINT64_MAX;
  return error == std::errc() ? std::optional(number) : std::nullopt;
}

}  // namespace

std::optional<BlobPiece> piece_of(std::optional<std::string_view> range, std::uint64_t bytes) {
  const BlobPiece all{0, bytes};
  if (!range || !begins_same(*range, unit)) return all;
  const std::string_view asked = trimmed(range->substr(unit.size()));
  const std::size_t dash = asked.find('-');
  if (asked.contains(',') || dash == std::string_view::npos) return all;
  const auto first = number_of(asked.substr(0, dash));
  const auto last = number_of(asked.substr(dash + 1));
  if (!first && dash > 0) return all;
  if (!last && dash + 1 < asked.size()) return all;
  if (!first) {  // the last bytes
    if (!last) return all;
    const std::uint64_t count = std::min(*last, bytes);
    return count == 0 ? std::nullopt : std::optional(BlobPiece{bytes - count, count});
  }
  if (last && *last < *first) return all;
  if (*first >= bytes) return std::nullopt;
  const std::uint64_t end = std::min(last.value_or(bytes - 1), bytes - 1);
  return BlobPiece{*first, end - *first + 1};
}

}  // namespace lockstep
