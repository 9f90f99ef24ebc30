// SPDX-License-Identifier: Apache-2.0
// limits.h: the bounds of the server: connections, requests, time-outs.
//
// engine/base/limits.h holds the bounds of what is stored and said; here are those of how it is
// carried. Each one has a decision at its end: a problem document with a stable code, a close code,
// or a connection that is cut.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "engine/base/limits.h"
#include "server/base/paging.h"

namespace lockstep::limits {

// --- Connections ---------------------------------------------------------------------------------

// Below the usual hard limit of 20,000 files of a process, with room for the store's own.
inline constexpr std::size_t connections_max = 16'000;
// A household or an office behind one address; a browser holds at most six, and one socket.
inline constexpr std::size_t connections_per_address_max = 1'024;
// A burst, then a rate, of one address. A client that types and streams makes a few a second.
inline constexpr double requests_per_second_max = 200;
inline constexpr double requests_burst_max = 1'000;
inline constexpr std::size_t addresses_max = 65'536;  // remembered; the idle ones go first
// Of one user, whatever the addresses: several devices, and a back end that writes runs for them.
inline constexpr double user_requests_per_second_max = 1'000;
inline constexpr double user_requests_burst_max = 5'000;
// Requests and streams of one user at one time: four sockets that follow all that they may.
inline constexpr std::size_t open_per_user_max = 4'096;
// Of bodies and messages that came and are not answered: four of the largest, and no more than half
// of what those of all users may take (config.h), so that nobody keeps the others out.
inline constexpr std::size_t bytes_per_user_max = 4 * body_bytes_max;
inline constexpr int listen_backlog = 4'096;
inline constexpr std::chrono::milliseconds accept_pause{100};  // when there are no files left
// A line of that for the operator, not one a connection.
inline constexpr std::chrono::seconds accept_trouble_pause{10};
// A look at the token file costs a microsecond, and a revoked token works for two of them at most.
inline constexpr std::chrono::milliseconds tokens_look{250};

// --- Requests ------------------------------------------------------------------------------------

inline constexpr std::uint32_t header_bytes_max = 32 << 10;  // a long token and many cookies
// What of following requests is read while one is answered; then reading waits.
inline constexpr std::size_t pipelined_bytes_max = 64 << 10;
inline constexpr std::size_t read_chunk_bytes =
    64 << 10;                                         // one read of a socket, into a shared buffer
inline constexpr std::size_t request_depth_max = 64;  // of a request: recursion must end
// What of a body or a message is read in the turn of the strand in which it came: half a
// millisecond at most. Longer ones are read on the background thread.
inline constexpr std::size_t turn_bytes_max = 64 << 10;
static_assert(pipelined_bytes_max >= header_bytes_max, "the next request's header can be read");

// A body, or a message of a socket, up to this is read though the share of bodies is used up, and
// into the reserve: what stops, deletes and acknowledges is short, and is what gives memory back.
inline constexpr std::size_t small_body_bytes = 64 << 10;
static_assert(small_body_bytes >= pipelined_bytes_max);

// What an answer that is being written holds beside its text, and a connection and a stream over
// it: measured as resident memory of 10,000 of each.
inline constexpr std::size_t answer_bytes = 1024;
inline constexpr std::size_t connection_bytes = 2048;
inline constexpr std::size_t stream_bytes = 2048;

// A text in a message that is longer than this is written where it is read, not into a copy of the
// message first: 4 KiB a part are held for a reader at most.
inline constexpr std::size_t text_apart_bytes = 4 << 10;

// Room in the last frame of a diff for the outcomes and digests.
inline constexpr std::size_t diff_tail_bytes = 64 << 10;
static_assert(diff_tail_bytes >= changes_max * 1024, "a thousand bytes an outcome");

// --- Tickets -------------------------------------------------------------------------------------

// Of one user, not used yet: as many as an address may hold connections, so that a whole office
// can come back at once. One more, and the user's oldest is forgotten: it was asked for by somebody
// who then lost the network, and who will ask again.
inline constexpr std::size_t tickets_per_user_max = connections_per_address_max;
// Of all users: as many as there may be connections to use them for; a few megabytes.
inline constexpr std::size_t tickets_max = connections_max;
static_assert(tickets_per_user_max <= tickets_max);

// --- The page ------------------------------------------------------------------------------------

// Of a file of the page, what is copied for a connection at a time: anybody may ask for one, so a
// slow reader must not hold all of it.
inline constexpr std::size_t lasting_chunk_bytes = 64 << 10;

// --- Times ---------------------------------------------------------------------------------------

using std::chrono::seconds;
inline constexpr seconds header_time_max{10};
inline constexpr seconds body_time_max{60};  // 16 MiB at 2.2 Mbit/s
inline constexpr seconds idle_time_max{75};  // of a kept connection between requests
inline constexpr seconds silence_max{15};    // of a stream: then a comment or a ping
inline constexpr seconds pong_time_max{30};  // after a ping: then the socket is taken for dead
inline constexpr seconds write_time_max{
    30};  // for one write of at most write_bytes_max: else cut off
// How often the system of a client that has said all is asked whether the client is still there.
inline constexpr int loss_look_seconds = 15;
inline constexpr seconds close_time_max{5};  // for the other side to answer our close
inline constexpr seconds retry_after{1};
// A stop: what is durable goes out within this, then connections are cut; 10 s are promised in all.
inline constexpr seconds stop_engine_max{4};
inline constexpr seconds stop_drain_max{4};
inline constexpr std::chrono::milliseconds stop_linger_max{500};  // for the last to hang up
inline constexpr std::chrono::milliseconds stop_look{
    20};  // how often a stop looks whether it is done
static_assert(stop_engine_max + stop_drain_max < seconds(10));
inline constexpr seconds cors_age{600};
// From its making to its use: a browser uses it at once, a slow network within seconds.
inline constexpr seconds ticket_time_max{60};

// --- WebSocket -----------------------------------------------------------------------------------

inline constexpr std::size_t socket_streams_max = 1'024;  // threads followed over one socket
inline constexpr std::size_t socket_requests_max = 256;   // unanswered; then reading waits
inline constexpr std::size_t socket_replies_bytes_max = 1 << 20;  // unsent; then reading waits

// --- The heap ------------------------------------------------------------------------------------

// Freed memory is given back when it is more than this beyond what the last time had to leave: less
// is soon used again, and fresh pages cost a fault each.
inline constexpr std::size_t heap_free_bytes_max = 16 << 20;
// A block of at least so much is mapped by itself. Above all that is made and freed for each write
// and each block of the database (1 MiB), so that only large bodies and messages pay the faults.
inline constexpr int heap_mapped_bytes = 4 << 20;
// What an arena may keep free at its end. There are some ten, one a thread.
inline constexpr int heap_end_bytes_max = 4 << 20;
inline constexpr std::uint32_t heap_look_seconds = 5;

// --- Runs ----------------------------------------------------------------------------------------

inline constexpr std::chrono::milliseconds step_retry_delay{50};

}  // namespace lockstep::limits
