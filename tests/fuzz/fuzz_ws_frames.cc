// SPDX-License-Identifier: Apache-2.0
// The law: the frames do not depend on how the bytes were split, and the parser stays within its
// limits.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/base/must.h"
#include "engine/base/text.h"
#include "server/codec/ws_frames.h"

namespace {

using namespace lockstep;

constexpr std::size_t message_bytes_max = 4096;

struct Parsed {
  std::vector<WsItem> items;
  std::optional<WsFault> fault;
  friend bool operator==(const Parsed&, const Parsed&) = default;
};

// Cuts the bytes at lengths drawn from `cuts`.
Parsed parse(std::string_view bytes, std::size_t chunk) {
  Parsed parsed;
  WsParser parser(message_bytes_max);
  const auto take = [&parsed](WsItem item) { parsed.items.push_back(std::move(item)); };
  while (!bytes.empty() && !parsed.fault) {
    parsed.fault = parser.feed(bytes.substr(0, chunk), take);
    bytes.remove_prefix(std::min(chunk, bytes.size()));
  }
  return parsed;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t chunk = 1 + data[0] % 32;

  const Parsed whole = parse(bytes, std::string_view::npos);

  MUST(whole == parse(bytes, chunk));
  MUST(whole == parse(bytes, 1));
  for (const WsItem& item : whole.items) {
    MUST(item.payload.size() <= message_bytes_max);
    if (item.opcode == WsOpcode::text) MUST(is_utf8(item.payload));
  }
  return 0;
}
