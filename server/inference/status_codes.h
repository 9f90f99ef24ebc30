// SPDX-License-Identifier: Apache-2.0
// status_codes.h: the HTTP statuses of model servers, by the names of RFC 9110.
//
// The half without sockets reads them, and knows no HTTP library.
#pragma once

namespace lockstep::statuses {

inline constexpr unsigned bad_request = 400;
inline constexpr unsigned unauthorized = 401;
inline constexpr unsigned payment_required = 402;
inline constexpr unsigned forbidden = 403;
inline constexpr unsigned not_found = 404;
inline constexpr unsigned proxy_wants_login = 407;
inline constexpr unsigned request_timeout = 408;
inline constexpr unsigned too_many_requests = 429;
inline constexpr unsigned service_unavailable = 503;
// These two are no standard.
inline constexpr unsigned capacity_exceeded = 498;  // Groq: its flex tier is full
inline constexpr unsigned site_overloaded = 529;    // Anthropic

// The statuses that are errors.
inline constexpr unsigned first_error = 400;
inline constexpr unsigned last_error = 599;

// A status through this is its class: 2 is success.
inline constexpr unsigned of_class = 100;

}  // namespace lockstep::statuses
