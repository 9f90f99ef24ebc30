// SPDX-License-Identifier: Apache-2.0
// front_counts.h: counters of a server's connections, requests and streams, for the metrics page.
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
  std::uint64_t slow_readers_closed = 0;  // connections closed because their reader was too slow
  std::uint64_t requests = 0;
  std::uint64_t requests_refused = 0;  // with 4xx or 5xx
  std::uint64_t bytes_sent = 0;
  std::uint64_t blobs_taken = 0;       // whole uploads, and `data:` addresses
  std::uint64_t blob_bytes_taken = 0;  // also of uploads that were not finished
  std::uint64_t blob_bytes_given = 0;
  std::uint64_t blobs_damaged = 0;  // downloads that a damaged file has ended
  std::uint64_t turn_bytes = 0;     // the longest text read in one turn of the strand
};

}  // namespace lockstep
