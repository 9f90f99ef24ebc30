// SPDX-License-Identifier: Apache-2.0
// sip_hash.h: SipHash-2-4, a keyed hash of 64 bits.
//
// Compares what is sent again with what was taken, without keeping it. Without the key nobody can
// make two texts with the same hash (Aumasson and Bernstein, 2012), and the key is drawn at each
// start; so a pair of different texts passes as the same one time in 2^64. A cryptographic hash
// would say the same at ten times the cost, and a token must not pay for it.
#pragma once

#include <cstdint>
#include <string_view>

namespace lockstep {

struct SipKey {
  std::uint64_t first = 0;
  std::uint64_t second = 0;
};

[[nodiscard]] std::uint64_t sip_hash(const SipKey& key, std::string_view bytes);

}  // namespace lockstep
