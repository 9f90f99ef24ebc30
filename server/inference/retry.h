// SPDX-License-Identifier: Apache-2.0
// retry.h: whether a refused request is sent again, and when.
//
// A request is sent again only while nothing of its answer was shown. Refusals that pass by
// themselves are 408, 429 and 5xx; but some of those never pass, and to repeat them costs time and,
// at some providers, money: an account without credit is a 429 at most of them, and some say 500 to
// a request that is wrong. The body of the refusal tells, so it is read first.
//
// The server may ask for a pause: `retry-after-ms`, or `Retry-After` as seconds or as a date (RFC
// 9110, section 10.2.3). A date counts from the answer's own `Date`, because two clocks seldom
// agree. A pause that is too long for a person ends the run at once.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "engine/base/time.h"
#include "server/inference/http_client.h"

namespace lockstep {

// May the same request succeed later? `body`: of the refusal.
[[nodiscard]] bool may_pass_by_itself(const HttpHead& head, std::string_view body);

// The pause that the server asks for; nullopt: it asks for none. At most twice
// `limits::retry_wait_max`.
[[nodiscard]] std::optional<std::chrono::milliseconds> asked_pause(const HttpHead& head,
                                                                   Timestamp now);

// Our own pause before try `tries` + 1: doubled with each try, from half of it to all of it by
// chance, because runs that failed together must not retry together.
[[nodiscard]] std::chrono::milliseconds own_pause(unsigned tries, std::chrono::milliseconds first,
                                                  Random& random);

}  // namespace lockstep
