// SPDX-License-Identifier: Apache-2.0
// fit_limits.h: the numbers by which a request is measured (context_fit.h).
//
// None of them can be right for every model. They err to the side of too many tokens: then a thread
// loses some turns early, while a request that is too long would be refused at every try.
#pragma once

#include <cstdint>

namespace lockstep::limits {

// Code and JSON have about 3 bytes a token, English and German 4 to 5, other scripts up to 8. Usage
// corrects it.
inline constexpr std::uint64_t bytes_per_token = 4;
// The marks of role and end around a turn, a call and a result.
inline constexpr std::uint64_t tokens_per_turn = 4;
// Providers count 260 to 1,600 for an image of ordinary size.
inline constexpr std::uint64_t tokens_per_image = 1'600;
// The part of the context that is kept for the answer, if the request does not limit it.
inline constexpr std::uint64_t answer_share = 8;
// The part of the room that drop_oldest keeps free: text is not dense evenly.
inline constexpr std::uint64_t slack_share = 16;
// The part of the context from which on a usage can measure: in a short request, what the server
// adds itself would pass for dense text.
inline constexpr std::uint64_t measured_share = 4;

// A server that counts more tokens a byte than this, and more than its model takes, tells nothing
// true. (The server may add some tokens of its own.)
inline constexpr std::uint64_t tokens_per_byte_max = 4;

}  // namespace lockstep::limits
