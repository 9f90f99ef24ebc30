// SPDX-License-Identifier: Apache-2.0
// claim_codec.h: the requests of workers, and the name of a claim.
//
// The name of a claim holds all that finds its run, so that no table of claims can be lost:
//
//   base64url( version:1 · epoch:8be · attempt:4be · secret:16 · length:1 user · length:1 thread ·
//              run )
//
// Only the secret gives the right to write: the log has it with the attempt, and no front sees it.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/claim_limits.h"
#include "server/codec/sync_codec.h"

namespace lockstep {

using ClaimSecret = std::array<std::uint8_t, 16>;

struct ClaimName {
  Epoch epoch;
  ThreadName thread;
  RunId run;
  std::uint32_t attempt = 0;
  ClaimSecret secret{};
  friend bool operator==(const ClaimName&, const ClaimName&) = default;
};

// Requires: ids of 1 to 128 bytes.
[[nodiscard]] std::string to_text(const ClaimName& claim);
// Nothing if the text is not one that `to_text` gives.
[[nodiscard]] std::optional<ClaimName> parse_claim(std::string_view text);

// The body of `POST /v1/claims`.
[[nodiscard]] Read<ClaimAsked> read_claim(std::string_view body);
// The body of `POST /v1/claims/{claim}/steps`: the steps may be none.
[[nodiscard]] Read<std::vector<Step>> read_claimed_steps(std::string_view body);

}  // namespace lockstep
