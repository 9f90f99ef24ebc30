// SPDX-License-Identifier: Apache-2.0
// front_counts.h: what the connections, requests and streams of a server have come to.
//
// The metrics page shows them.
//
// Lives on: the engine strand.
#pragma once

#include <cstdint>

namespace lockstep {

struct FrontCounts {
  std::uint64_t connections = 0;  // now
  std::uint64_t sockets = 0;      // now
  std::uint64_t streams = 0;      // now: followers over SSE, NDJSON, JSON and WebSocket
  std::uint64_t connections_total = 0;
  std::uint64_t connections_refused = 0;
  std::uint64_t connections_cut = 0;  // too slow in reading
  std::uint64_t requests = 0;
  std::uint64_t requests_refused = 0;  // with 4xx or 5xx
  std::uint64_t bytes_sent = 0;
  std::uint64_t turn_bytes = 0;  // the longest text that was read in one turn of the strand
};

}  // namespace lockstep
