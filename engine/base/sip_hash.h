// SPDX-License-Identifier: Apache-2.0
// sip_hash.h: SipHash-2-4, a keyed hash of 64 bits.
//
// The engine compares a repeated step with the one that it took, and keeps only this hash of it. A
// sender without the key can't make two texts with the same hash (Aumasson and Bernstein, 2012),
// and each start draws a new key; so two different texts pass as the same one time in 2^64. A
// cryptographic hash gives the same at ten times the cost, which every token would pay.
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
