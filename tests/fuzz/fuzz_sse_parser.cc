// SPDX-License-Identifier: Apache-2.0
// The law: the events, and whether the limit was crossed, do not depend on how the bytes were
// split. The first byte of the input chooses the split.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/base/must.h"
#include "server/inference/sse_parser.h"

namespace {

constexpr std::size_t event_bytes_max = 48;

struct Outcome {
  std::vector<lockstep::ServerSentEvent> events;
  std::optional<lockstep::Error> error;
  std::size_t comments = 0;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome parse(std::string_view bytes, std::size_t piece) {
  lockstep::SseParser parser(event_bytes_max);
  Outcome outcome;
  while (!bytes.empty()) {
    for (auto& event : parser.feed(bytes.substr(0, piece))) outcome.events.push_back(event);
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  for (const lockstep::ServerSentEvent& last : parser.finish()) outcome.events.push_back(last);
  outcome.error = parser.error();
  outcome.comments = parser.comments();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Outcome whole = parse(bytes, bytes.size() + 1);
  MUST(parse(bytes, 1) == whole);
  MUST(parse(bytes, 1 + data[0] % 16) == whole);
  for (const auto& event : whole.events) MUST(event.data.size() <= event_bytes_max);
  return 0;
}
