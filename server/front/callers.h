// SPDX-License-Identifier: Apache-2.0
// callers.h: who sends a request.
//
// A token names its user. Where a browser can't send one, a ticket stands for it (streams, the
// socket) or a link (a blob). The tokens of workers are for claims alone.
#pragma once

#include <expected>
#include <optional>

#include "server/codec/problem.h"
#include "server/front/router.h"

namespace lockstep {

// The caller: the ticket's if there is one, else the token's. On a socket an unknown caller gets an
// empty id, for the refusal over the open socket.
[[nodiscard]] std::expected<Caller, Problem> caller_of(Front& front, const Route& route,
                                                       Call& call);
// Workers have routes of their own, and no others.
[[nodiscard]] std::optional<Problem> check_worker(const Front& front, const Route& route,
                                                  const Caller& caller);

}  // namespace lockstep
