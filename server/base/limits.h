// SPDX-License-Identifier: Apache-2.0
// limits.h: the limits of the server: connections, requests, time-outs.
//
// engine/base/limits.h has the limits of the data; this file has those of its transport. At each
// limit the server decides: it answers a problem with a stable code, sends a close code, or closes
// the connection.
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
inline constexpr std::size_t addresses_max = 65'536;  // remembered; idle ones are forgotten
// For one user, over all addresses: several devices, and a back end that writes the user's runs.
inline constexpr double user_requests_per_second_max = 1'000;
inline constexpr double user_requests_burst_max = 5'000;
// Open requests and streams of one user: four sockets with all the streams that each may have.
inline constexpr std::size_t open_per_user_max = 4'096;
// One user's bodies and messages that came and are not answered: four of the largest. `load_config`
// lowers it to half of the share of all users, so that one user can't keep the others out.
inline constexpr std::size_t bytes_per_user_max = 4 * body_bytes_max;
inline constexpr int listen_backlog = 4'096;
inline constexpr std::chrono::milliseconds accept_pause{100};  // after a failed accept
// The shortest time between two log lines about failed accepts.
inline constexpr std::chrono::seconds accept_trouble_pause{10};
// How often the server looks for a change of the token file, which costs a microsecond. A revoked
// token works for two such intervals at most.
inline constexpr std::chrono::milliseconds tokens_look{250};

// --- Requests ------------------------------------------------------------------------------------

inline constexpr std::uint32_t header_bytes_max = 32 << 10;  // a long token and many cookies
// The bytes of pipelined requests that a session reads while it answers one; beyond, it waits.
inline constexpr std::size_t pipelined_bytes_max = 64 << 10;
inline constexpr std::size_t read_chunk_bytes =
    64 << 10;                                         // one read of a socket, into a shared buffer
inline constexpr std::size_t request_depth_max = 64;  // of a request: recursion must end
// The longest body or message that the strand parses at once: half a millisecond at most. The
// background thread parses longer ones.
inline constexpr std::size_t turn_bytes_max = 64 << 10;
static_assert(pipelined_bytes_max >= header_bytes_max, "the next request's header can be read");

// A body or message up to this size may use the memory reserve when the share of bodies is used up.
// Requests that stop, delete and acknowledge are short, and they free memory.
inline constexpr std::size_t small_body_bytes = 64 << 10;
static_assert(small_body_bytes >= pipelined_bytes_max);

// The memory of an unfinished answer besides its text, of a connection, and of a stream: measured
// as resident memory of 10,000 of each.
inline constexpr std::size_t answer_bytes = 1024;
inline constexpr std::size_t connection_bytes = 2048;
inline constexpr std::size_t stream_bytes = 2048;

// A longer text of a message goes straight to the socket's buffer, not into a copy of the message
// first: the copy then holds at most 4 KiB for each part.
inline constexpr std::size_t text_apart_bytes = 4 << 10;

// Room in the last frame of a diff for the outcomes and digests.
inline constexpr std::size_t diff_tail_bytes = 64 << 10;
static_assert(diff_tail_bytes >= changes_max * 1024, "a thousand bytes an outcome");

// --- Tickets -------------------------------------------------------------------------------------

// Unused tickets of one user: as many as an address may have connections, so that a whole office
// can come back at once. One more replaces the user's oldest: its client has probably lost the
// network, and will ask again.
inline constexpr std::size_t tickets_per_user_max = connections_per_address_max;
// Unused tickets of all users: as many as there may be connections; a few megabytes.
inline constexpr std::size_t tickets_max = connections_max;
static_assert(tickets_per_user_max <= tickets_max);

// --- The page ------------------------------------------------------------------------------------

// The bytes of a file of the page that a connection copies at a time. The page needs no token, so a
// slow reader must not hold a copy of a whole file.
inline constexpr std::size_t lasting_chunk_bytes = 64 << 10;

// --- Times ---------------------------------------------------------------------------------------

using std::chrono::seconds;
inline constexpr seconds header_time_max{10};
inline constexpr seconds body_time_max{60};  // 16 MiB at 2.2 Mbit/s
inline constexpr seconds idle_time_max{75};  // of a connection between two requests
inline constexpr seconds silence_max{15};    // of a stream: then send a comment or a ping
inline constexpr seconds pong_time_max{30};  // after a ping: then the socket counts as dead
inline constexpr seconds write_time_max{
    30};  // for one write of at most write_bytes_max: then close the connection
// The interval of TCP keepalive, after a client has closed its sending side.
inline constexpr int loss_look_seconds = 15;
inline constexpr seconds close_time_max{5};  // for the other side to answer our close
inline constexpr seconds retry_after{1};
// A stop: the engine ends, durable entries go out, connections close. All within ten seconds.
inline constexpr seconds stop_engine_max{4};
inline constexpr seconds stop_drain_max{4};
inline constexpr std::chrono::milliseconds stop_linger_max{500};  // for the last clients to close
inline constexpr std::chrono::milliseconds stop_look{
    20};  // how often a stop checks whether it is done
static_assert(stop_engine_max + stop_drain_max < seconds(10));
inline constexpr seconds cors_age{600};
// The life of a ticket: a browser uses it at once, over a slow network within seconds.
inline constexpr seconds ticket_time_max{60};

// --- WebSocket -----------------------------------------------------------------------------------

inline constexpr std::size_t socket_streams_max = 1'024;  // threads followed over one socket
inline constexpr std::size_t socket_requests_max = 256;   // unanswered; then stop reading
inline constexpr std::size_t socket_replies_bytes_max = 1 << 20;  // unsent; then stop reading

// --- The heap ------------------------------------------------------------------------------------

// Trim the heap when it has more idle memory than this, above the rest of the last trim. Less
// is soon used again, and a fresh page costs a page fault.
inline constexpr std::size_t heap_free_bytes_max = 16 << 20;
// A block of at least this size gets a mapping of its own. It is larger than any block for a write
// or a block of the database (1 MiB), so only large bodies and messages pay for the page faults.
inline constexpr int heap_mapped_bytes = 4 << 20;
// The free bytes that an arena may keep at its end. There are some ten arenas, one for each thread.
inline constexpr int heap_end_bytes_max = 4 << 20;
inline constexpr std::uint32_t heap_look_seconds = 5;

// --- The configuration ---------------------------------------------------------------------------

// Tables and arrays in one another: no schema of a tool is deeper, and readers of JSON allow twice
// as much, for the request around it.
inline constexpr std::size_t config_depth_max = 64;

// --- Runs ----------------------------------------------------------------------------------------

inline constexpr std::chrono::milliseconds step_retry_delay{50};

}  // namespace lockstep::limits
