// SPDX-License-Identifier: Apache-2.0
// context_fit.h: makes a request fit into its model's context.
//
// The settings limit request and answer together (`context_tokens`). Nobody but the model's server
// can count tokens, so the length of a request is known only about:
//
//   estimate  the bytes of all that the model reads: system prompt, turns, tools
//   usage     what the server counted for an earlier request of the path, with all that came before
//             the answer that has this usage. The tokens of the answer itself do not count: they
//             include reasoning, which may not go back
//
// A usage may tell too little: its request was shortened too, or went to an agent with another
// prompt. It is of no use if an earlier message was edited since. So
//
//   refuse       the last usage, and an estimate of what follows it. If the usage says too little,
//                the server itself refuses the request, and the user is told the same
//   drop_oldest  all usages measure how many tokens a byte has, and the highest rate counts, at
//                least that of the estimate. A usage that tells too little gives a low rate, which
//                does not count: so a thread that was shortened once is not taken for a short one.
//                A rate that is too high costs some old turns
//
//   summarise    as drop_oldest, but the request begins with a summary (summary.h), the oldest from
//                which on the rest fits. A run that makes a summary leaves the oldest turns out if
//                there is none
//
// Room for the answer is the request's own limit for it, else a share of the context. A request
// that may be shortened keeps some more free, because its length is known only about.
//
// Left out are the oldest turns: up to the beginning of a user's turn, never one of the system,
// never the last user's. Pure: the same context gives the same request.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "engine/rules/producer.h"
#include "server/inference/fit_limits.h"
#include "server/inference/settings.h"

namespace lockstep {

struct Fit {
  std::size_t first = 0;  // of the path: messages before it are left out, except the system's
  std::optional<RunError> refusal{};  // `context_too_long`
};

// Requires: the settings have `context_tokens`.
[[nodiscard]] Fit fit_of(const Context& context, const RequestSettings& settings);

// The tokens that the request's own members, or the share, keep for the answer.
[[nodiscard]] std::uint64_t answer_tokens(const RequestSettings& settings);

// The tokens of the request that a usage is of; nullopt if it says nothing about them.
[[nodiscard]] std::optional<std::uint64_t> request_tokens(const Json& usage);

}  // namespace lockstep
