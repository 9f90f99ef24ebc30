// SPDX-License-Identifier: Apache-2.0
// The law of ranges: a piece lies inside the bytes and is not empty unless all of them are none; a
// value that is no range asks for everything. The first eight bytes of the input are the length.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "server/net/byte_range.h"

namespace {

void check(std::string_view range, std::uint64_t bytes) {
  const auto piece = lockstep::piece_of(range, bytes);
  if (!piece) return;
  if (piece->from > bytes || piece->bytes > bytes - piece->from) std::abort();
  if (piece->bytes == 0 && bytes > 0) std::abort();
  const bool all = piece->from == 0 && piece->bytes == bytes;
  if (!all && range.find('-') == std::string_view::npos) std::abort();
  // What was understood is understood again, from the numbers alone.
  if (piece->bytes == 0) return;
  const std::string same =
      "bytes=" + std::to_string(piece->from) + "-" + std::to_string(piece->from + piece->bytes - 1);
  if (lockstep::piece_of(same, bytes) != piece) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::uint64_t bytes = 0;
  const std::size_t head = std::min(size, sizeof bytes);
  std::memcpy(&bytes, data, head);
  const std::string_view range(reinterpret_cast<const char*>(data) + head, size - head);
  check(range, bytes);
  check(range, bytes % 100);
  check("bytes=" + std::string(range), bytes);
  check("bytes=" + std::string(range), bytes % 100);
  return 0;
}
