// SPDX-License-Identifier: Apache-2.0
// claim_secret.h: the secret of a claim, in its name and in the log.
//
// The log has it with the attempt, `HEX/SECONDS`: the lease is there too, so that a restart knows
// how long it is. Pure, but for the chance that the caller passes in.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "engine/base/time.h"
#include "server/codec/claim_codec.h"

namespace lockstep {

[[nodiscard]] ClaimSecret draw_secret(Random& random);
[[nodiscard]] std::string stored_claim(const ClaimSecret& secret, std::chrono::seconds lease);
// The default if there is none.
[[nodiscard]] std::chrono::seconds lease_in(std::string_view stored);
// In constant time, so that the time does not tell how much of a guess was right.
[[nodiscard]] bool is_secret_of(const ClaimSecret& secret, std::string_view stored);

}  // namespace lockstep
