// SPDX-License-Identifier: Apache-2.0
// upstream_error.h: the code of a run's error, from what a model server said.
//
// A front, or a person, does another thing for each of these: shorten the question, pay, correct
// the key, choose another model, wait. Providers write the reason in a code, a type or a sentence,
// and each in its own way; the statuses overlap (a model that is missing is 400, 403 or 404). So
// the names come first, then sentences that only this reason has, then the status.
//
// The order is from the certain to the vague. A sentence counts only where no provider uses it for
// another reason: Gemini says "exceeded your current quota" for a limit per minute, which is no
// empty account, so that sentence counts as nothing.
//
// Pure: no clock, no socket.
#pragma once

#include <string_view>

#include "engine/base/codes.h"
#include "server/inference/error_body.h"

namespace lockstep {

// `status`: of the HTTP answer. One of context_too_long, no_credit, bad_key, wrong_model,
// upstream_overloaded, content_filter, or by the status alone: upstream_unauthorized (401, 403),
// upstream_proxy (407), upstream_rate_limited (429), upstream_rejected (other 4xx), upstream_failed
// (5xx), upstream_redirected (3xx), upstream_malformed (all others).
[[nodiscard]] Code code_of_refusal(unsigned status, const ProviderError& error);

// The same for an error in an answer that began well: `upstream_error` if it says no reason.
[[nodiscard]] Code code_of_stream_error(const ProviderError& error);

// May the same request succeed some seconds later? `status`: of the HTTP answer.
[[nodiscard]] bool may_pass_by_itself(unsigned status, std::string_view code);

}  // namespace lockstep
