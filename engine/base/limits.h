// SPDX-License-Identifier: Apache-2.0
// limits.h: every bound, with its reason.
//
// What happens at a limit is a decision: a request gets a named error, a follower falls back to the
// log, a producer is asked to wait. Nothing grows for ever. How much a page or a slice holds stands
// in paging.h.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "engine/base/paging.h"

namespace lockstep::limits {

// --- Sizes of what is stored ---------------------------------------------------------------------

inline constexpr std::size_t id_bytes_max = 128;  // the protocol's
// A message is kept whole in one row and sent in one frame if it must be: 8 MiB holds a long book.
inline constexpr std::size_t message_bytes_max = 8 << 20;
// A request's body may hold one message of the greatest size, escaped in JSON at up to twice its
// size.
inline constexpr std::size_t body_bytes_max = 16 << 20;
static_assert(body_bytes_max >= 2 * message_bytes_max);
inline constexpr std::size_t parts_max = 1024;               // of a message: agents make tens
inline constexpr std::size_t run_messages_max = 4096;        // of a run: agents make tens
inline constexpr std::size_t input_messages_max = 256;       // of one start
inline constexpr std::size_t queued_runs_max = 32;           // of a thread: nobody waits for more
inline constexpr std::size_t title_bytes_max = 4096;         // a list shows some 80 characters
inline constexpr std::size_t default_title_points = 80;      // the protocol's
inline constexpr std::size_t metadata_bytes_max = 64 << 10;  // it travels in every diff of its row
inline constexpr std::size_t params_bytes_max = 256 << 10;   // tools' schemas are in it
inline constexpr std::size_t name_bytes_max = 1024;          // authors, tools, files
inline constexpr std::size_t uri_bytes_max = 64 << 10;       // a file's; its bytes lie elsewhere
inline constexpr std::size_t messages_max = 1 << 20;         // of a thread
// Of one stored row or entry, unpacked, in words of 8 bytes: twice what the largest entry needs, a
// lane's whole queue, so that damaged bytes can't ask for more memory than that.
inline constexpr std::size_t stored_words_max = 8 << 20;

// --- Sync ----------------------------------------------------------------------------------------

inline constexpr std::size_t changes_max = 64;     // of a request: the protocol's
inline constexpr std::size_t ops_remembered = 64;  // per device and thread: the protocol's
static_assert(ops_remembered >= changes_max,
              "a request that is sent again finds the answers to all its changes");
// Devices of a thread whose ops are remembered; beyond that the one that changed longest ago goes.
inline constexpr std::size_t devices_max = 1024;

// --- Steps ---------------------------------------------------------------------------------------

inline constexpr std::size_t batch_steps_max = 4096;  // of one request
// What one entry gathers while the one before it is being made durable.
inline constexpr std::size_t entry_bytes_max = 1 << 20;
// Places in one entry where steps from its middle may begin: text that repeats itself has many.
inline constexpr std::size_t step_match_tries_max = 256;
// Threads that a start mends at one time, beside those that somebody asks for: their entries share
// a flush, and each holds its state in memory.
inline constexpr std::size_t mends_in_flight_max = 8;
// What may wait for one thread's lane: then producers are told to wait.
inline constexpr std::size_t lane_inputs_max = 1024;
inline constexpr std::size_t lane_bytes_max = 32 << 20;
static_assert(lane_bytes_max >= 2 * body_bytes_max, "two of the largest requests can wait");

// --- Memory --------------------------------------------------------------------------------------

// Of everything (memory.h), unless the operator says otherwise: a small machine has 1 GiB, and what
// the account leaves out (code, stacks, what the allocator adds) takes a part of the rest.
inline constexpr std::size_t memory_bytes_max = 512 << 20;
// Less is not worth a server: the store's share, and a request of the greatest size being read,
// decided and written.
inline constexpr std::size_t memory_bytes_min = 64 << 20;
static_assert(memory_bytes_min / 4 >= body_bytes_max, "the largest request fits into its share");
// Bodies and answers may hold one part in so many each, so that slow senders or slow readers can't
// take what all others need.
inline constexpr std::size_t memory_share = 4;
// Accepted work may go beyond the bound by one part in so many: it frees what it holds by going on.
inline constexpr std::size_t memory_reserve = 8;
// States that nobody has used for so many seconds go when all states hold more than one part in so
// many: what a burst has read does not stay.
inline constexpr std::uint32_t idle_seconds_max = 15;
inline constexpr std::size_t memory_settled = 16;
// A thread in memory beside its rows: its fields, its place in the indexes, its lane.
inline constexpr std::size_t thread_bytes = 2048;
// One write to a socket.
inline constexpr std::size_t write_bytes_max = 1 << 20;

// --- Lists ---------------------------------------------------------------------------------------

inline constexpr std::uint32_t list_default = 50;

// Damaged threads, lists and feeds, of each kind, that the operator is told of.
inline constexpr std::size_t damage_told_max = 64;

}  // namespace lockstep::limits
