// SPDX-License-Identifier: Apache-2.0
// limits.h: what a model server may cost us.
//
// A model server is an outside program: it may be slow, broken or hostile. What it sends is bounded
// here, and each bound has a named error; what its owner may set in the configuration is not here
// but in agents.h.
#pragma once

#include <chrono>
#include <cstddef>

#include "engine/base/limits.h"

namespace lockstep::limits {

// One server-sent event. A chunk is some hundred bytes; a tool call that comes whole may hold a
// file.
inline constexpr std::size_t sse_event_bytes_max = 4 << 20;
// All bytes of one answer. A token of text costs some 300 bytes of JSON, so that the longest
// message that is stored can arrive in chunks of a token, and no endless stream of comments goes on
// for ever.
inline constexpr std::size_t answer_bytes_max = std::size_t{1} << 30;
static_assert(answer_bytes_max >= 64 * message_bytes_max);
// The head of an answer: providers send 2 to 4 KiB of headers.
inline constexpr std::size_t head_bytes_max = 64 << 10;
// The body of a refusal: a sentence for a person is in it.
inline constexpr std::size_t refusal_bytes_max = 64 << 10;
// What of a model server's words is kept in a run's error.
inline constexpr std::size_t error_detail_bytes_max = 1024;
// What of them is searched for secrets before that: all of a refusal.
inline constexpr std::size_t error_text_bytes_max = refusal_bytes_max;
static_assert(error_text_bytes_max >= error_detail_bytes_max);
// A secret: shorter ones stand in ordinary words, and no provider gives such keys.
inline constexpr std::size_t secret_bytes_min = 8;
// A piece of one that is not its beginning: hardly a word is so long, and a key has more to it than
// the 15 characters that may then be left of its end.
inline constexpr std::size_t secret_piece_bytes = 16;
static_assert(secret_piece_bytes >= secret_bytes_min);
// So many escapes over one another are undone: JSON in a query in a page is three.
inline constexpr int secret_escapes_max = 3;
// One read of a socket.
inline constexpr std::size_t answer_read_bytes = 16 << 10;
// A call's id is a name that the provider made up.
inline constexpr std::size_t call_id_bytes_max = name_bytes_max;

// A request is tried again only while nothing of its answer was shown.
inline constexpr unsigned tries_max = 4;
inline constexpr std::chrono::milliseconds retry_first{
    500};  // doubled with each try, then jittered
inline constexpr std::chrono::milliseconds retry_wait_max{60'000};  // longer: tell the user instead
// Behind the finish reason only usage can come: a server that then hangs is not waited for.
inline constexpr std::chrono::milliseconds usage_wait_max{5'000};
// Time-outs, where the configuration does not set others. A large model may read a long prompt for
// minutes before its first token; behind it a minute of silence is a fault.
inline constexpr std::chrono::milliseconds connect_timeout{10'000};
inline constexpr std::chrono::milliseconds first_token_timeout{300'000};
inline constexpr std::chrono::milliseconds token_timeout{60'000};
// A writer outside may have a tool at work for minutes; one that died is not waited for longer.
inline constexpr std::chrono::milliseconds silence_timeout{600'000};
// Of any time-out in the configuration.
inline constexpr std::chrono::hours timeout_max{24};

// The demo agent.
inline constexpr double demo_rate_max = 100'000;  // tokens a second
inline constexpr std::size_t demo_tokens_max = 1'000'000;
inline constexpr std::size_t demo_agents_max = 8;
inline constexpr std::size_t demo_quote_points = 160;  // of the user's message
inline constexpr std::size_t demo_batch_tokens = 256;  // of one step batch at high rates

}  // namespace lockstep::limits
