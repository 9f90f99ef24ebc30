// SPDX-License-Identifier: Apache-2.0
// limits.h: the limits for model servers.
//
// A model server is an outside program: it may be slow, broken or hostile. These limits bound what
// it sends, and each has a named error. agents.h has the values that the operator can configure.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "engine/base/limits.h"

namespace lockstep::limits {

// One server-sent event. A chunk has some hundred bytes; a tool call in one piece may hold a file,
// and a generated image comes in one piece.
inline constexpr std::size_t sse_event_bytes_max = 12 << 20;
static_assert(sse_event_bytes_max > message_bytes_max, "the address of an image, and more");
// All bytes of one answer. A token costs some 300 bytes of JSON: the longest message fits even in
// chunks of one token. An endless stream of comments does not.
inline constexpr std::size_t answer_bytes_max = std::size_t{1} << 30;
static_assert(answer_bytes_max >= 64 * message_bytes_max);
// The head of an answer: providers send 2 to 4 KiB.
inline constexpr std::size_t head_bytes_max = 64 << 10;
// Heads of 1xx before the answer: a proxy sends one or two.
inline constexpr std::uint32_t interim_answers_max = 8;
// The body of a refusal, which has a sentence for a person.
inline constexpr std::size_t refusal_bytes_max = 64 << 10;
// The text of a model server in a run's error.
inline constexpr std::size_t error_detail_bytes_max = 1024;
// The text that the redactor searches before it is shortened: all of a refusal.
inline constexpr std::size_t error_text_bytes_max = refusal_bytes_max;
static_assert(error_text_bytes_max >= error_detail_bytes_max);
// The shortest secret: ordinary words contain shorter ones, and no provider gives such keys.
inline constexpr std::size_t secret_bytes_min = 8;
// A piece of a secret that is not its beginning: few words are so long, and the 15 characters that
// may remain do not reveal a key.
inline constexpr std::size_t secret_piece_bytes = 16;
static_assert(secret_piece_bytes >= secret_bytes_min);
// White space before a `<think>`: models write a line end or two. It is held back, and read again
// with each piece that comes.
inline constexpr std::size_t think_blanks_max = 64;
// The layers of escapes that the redactor undoes: JSON in a query in a page is three.
inline constexpr int secret_escapes_max = 3;
// One read of a socket.
inline constexpr std::size_t answer_read_bytes = 16 << 10;
// A call's id; the provider makes it up.
inline constexpr std::size_t call_id_bytes_max = name_bytes_max;

// A `name` in a request: the providers' limit.
inline constexpr std::size_t request_name_chars_max = 64;
// Members of a block that grow, of a kind that is not known: a block has some ten.
inline constexpr std::size_t grown_members_max = 64;
// The limit of an answer, if nothing names one: Anthropic's API needs one, and every model since
// Claude 4 takes this one.
inline constexpr std::uint64_t anthropic_answer_tokens = 32'000;
// Anthropic's own minimum of tokens for thinking, and what the efforts of OpenAI's API become for
// models that take a number.
inline constexpr std::uint64_t thinking_tokens_min = 1024;
inline constexpr std::uint64_t thinking_tokens_low = 2048;
inline constexpr std::uint64_t thinking_tokens_medium = 8192;
inline constexpr std::uint64_t thinking_tokens_high = 24'576;
static_assert(thinking_tokens_high < anthropic_answer_tokens, "they are a part of the answer");
// Marks of a cache that Anthropic's API takes in one request.
inline constexpr std::size_t cache_marks_max = 4;
// The longest context that can be configured: a hundred times the longest that models have today.
inline constexpr std::uint64_t context_tokens_max = 100'000'000;
// Reaching a server. The next address of a name starts so long after the last one (RFC 8305,
// section 8); a name with more addresses than this is not the name of a server.
inline constexpr std::chrono::milliseconds next_address_after{250};
inline constexpr std::size_t dial_addresses_max = 16;
// The kernel asks a silent peer whether it is there: a machine that is gone is found in a minute
// and a half, though an answer may be silent for longer, and routers keep an idle connection.
inline constexpr int probe_after_seconds = 30;
inline constexpr int probe_every_seconds = 15;
inline constexpr int probes_max = 4;
// Names of a certificate for another host in an error: more do not help.
inline constexpr int certificate_names_told = 8;
inline constexpr std::size_t host_name_bytes_max = 253;  // RFC 1035, section 2.3.4
// A redirect's address in an error.
inline constexpr std::size_t location_bytes_max = 256;
// A key in a file: tokens of an identity provider have 2 to 4 KiB.
inline constexpr std::size_t key_bytes_max = 16 << 10;
// Keys that a file had earlier, which the redactor still knows: a server may quote one late.
inline constexpr std::size_t former_keys_max = 16;

// The agent retries a request only before the first step of its answer.
inline constexpr unsigned tries_max = 4;
inline constexpr std::chrono::milliseconds retry_first{
    500};  // doubled with each try, then jittered
inline constexpr std::chrono::milliseconds retry_wait_max{60'000};  // longer: fail
// After the finish reason only usage can follow: do not wait longer for a server that is silent
// then.
inline constexpr std::chrono::milliseconds usage_wait_max{5'000};
// Default time-outs. A large model may read a long prompt for minutes before its first token. Later
// too, silence is no fault for long: servers that parse tool calls send each as one chunk, and one
// with a file in it took more than five minutes. The user can stop the run, and the kernel's probes
// find a machine that is gone.
inline constexpr std::chrono::milliseconds connect_timeout{10'000};
inline constexpr std::chrono::milliseconds first_token_timeout{600'000};
inline constexpr std::chrono::milliseconds token_timeout{600'000};
// A gateway sends comments while it waits for its model, also if the model will never answer.
inline constexpr std::chrono::milliseconds keepalive_timeout{900'000};
static_assert(keepalive_timeout >= token_timeout,
              "who shows life may take longer than who does not");
// A writer outside the server may run a tool for minutes; a longer silence means that it died.
inline constexpr std::chrono::milliseconds silence_timeout{600'000};
// The longest time-out in the configuration.
inline constexpr std::chrono::hours timeout_max{24};

// The longest text of a caller that a refusal quotes: names of models and parameters are shorter.
inline constexpr std::size_t param_shown_bytes_max = 128;

// The largest limit of runs at once; a server has some hundred threads with runs at a time.
inline constexpr std::uint32_t runs_at_once_max = 100'000;

// The demo agent.
inline constexpr double demo_rate_max = 100'000;  // tokens a second
inline constexpr std::size_t demo_tokens_max = 1'000'000;
inline constexpr std::size_t demo_agents_max = 8;
inline constexpr std::size_t demo_quote_points = 160;  // of the user's message
inline constexpr std::size_t demo_batch_tokens = 256;  // of one step batch at high rates

}  // namespace lockstep::limits
