// SPDX-License-Identifier: Apache-2.0
// claim_answer.h: the answer to a claim: all that a worker needs to write the run.
//
// Lives on: the engine strand.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "server/codec/json_pieces.h"
#include "server/front/blob_door.h"
#include "server/front/claims.h"
#include "server/front/front.h"

namespace lockstep {

// The answer, or why the thread can't be read.
using ClaimAnswered = std::move_only_function<void(Result<JsonPieces> pieces)>;
// Its members, behind `begin`, which is the beginning of an object. Calls `done` now, or in a later
// turn: a long request is composed next to the strand (compose_apart.h).
void claim_pieces(Front& front, Claimed claimed, std::string begin, ClaimAnswered done);
// `{"seq":…,"ts":…,"lease_until":…}`, with `begin` before them.
[[nodiscard]] std::string claimed_ack(const ClaimedAck& ack, std::string begin);

// Steps of a claim, and who sends them.
struct ClaimsSteps {
  std::string claim;
  Caller caller;
};
// As `store_data`, for the user whose run it is.
void store_claimed(Front& front, const ClaimsSteps& of, std::vector<Step> steps,
                   std::move_only_function<void(Stored<Step>)> then);

// Whose blob a worker reads by its claim. The hash only if the claim's context, or what its run has
// written, names it: about all others the answer tells nothing.
struct BlobOwner {
  UserId user;
  std::optional<BlobHash> hash;
};
// Fails with `fenced` if the claim is over. Requires: there are workers.
[[nodiscard]] std::expected<BlobOwner, Problem> claimed_blob(Front& front, const ClaimsSteps& of,
                                                             const std::string& name);

// May the caller claim runs of this agent now?
[[nodiscard]] std::function<bool(const AgentName& agent)> may_claim(const Front& front,
                                                                    Caller caller);
// The first agent of the claim that the caller may not claim, as a problem.
[[nodiscard]] std::optional<Problem> forbidden_agent(const Front& front, const Caller& caller,
                                                     const ClaimAsked& asked);
[[nodiscard]] Problem no_workers();
// Why a worker that waits may not claim any more: its token was revoked, or may claim less now.
[[nodiscard]] std::function<std::optional<Error>()> claim_refusal(const Front& front, Caller caller,
                                                                  const ClaimAsked& asked);

}  // namespace lockstep
