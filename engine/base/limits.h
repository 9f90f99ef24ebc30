// SPDX-License-Identifier: Apache-2.0
// limits.h: every bound, with its reason.
//
// The code decides what happens at a limit: a request gets a named error, a follower falls back to
// the log, a producer has to wait (backpressure). Nothing grows without a bound. paging.h has the
// bounds of pages and slices.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "engine/base/paging.h"

namespace lockstep::limits {

// --- Sizes of stored data ------------------------------------------------------------------------

inline constexpr std::size_t id_bytes_max = 128;  // the protocol's
// The store keeps a message in one row, and the server may send it in one frame: 8 MiB holds a long
// book.
inline constexpr std::size_t message_bytes_max = 8 << 20;
inline constexpr std::size_t body_bytes_max = 16 << 20;
static_assert(body_bytes_max >= 2 * message_bytes_max,
              "a body holds one message of the greatest size, which JSON escapes may double");
inline constexpr std::size_t parts_max = 1024;           // of a message: agents make tens
inline constexpr std::size_t run_messages_max = 4096;    // of a run: agents make tens
inline constexpr std::size_t input_messages_max = 256;   // of one start
inline constexpr std::size_t queued_runs_max = 32;       // of a thread: users wait for no more
inline constexpr std::size_t title_bytes_max = 4096;     // a list shows some 80 characters
inline constexpr std::size_t default_title_points = 80;  // the protocol's
static_assert(4 * default_title_points <= title_bytes_max, "UTF-8 takes up to 4 bytes a point");
inline constexpr std::size_t metadata_bytes_max = 64 << 10;  // it travels in every diff of its row
inline constexpr std::size_t params_bytes_max = 256 << 10;   // tools' schemas are in it
inline constexpr std::size_t name_bytes_max = 1024;          // authors, tools, files
inline constexpr std::size_t uri_bytes_max = 64 << 10;       // a file's; its bytes lie elsewhere
inline constexpr std::size_t finish_bytes_max = 128;         // of each: a reason, a model's name
inline constexpr std::size_t repair_kinds_max = 64;          // of a run: there are some 20 kinds
inline constexpr std::size_t repair_ids_max = 64;            // of each kind: a page lists no more
inline constexpr std::size_t messages_max = 1 << 20;         // of a thread
static_assert(messages_max <= UINT32_MAX, "messages are numbered with 32 bits");
// Of one stored row or entry, unpacked, in words of 8 bytes. The largest entry holds a lane's whole
// queue; twice that is allowed, so that damaged bytes can't ask for more memory.
inline constexpr std::size_t stored_words_max = 8 << 20;

// --- Sync ----------------------------------------------------------------------------------------

inline constexpr std::size_t changes_max = 64;     // of a request: the protocol's
inline constexpr std::size_t ops_remembered = 64;  // per device and thread: the protocol's
static_assert(ops_remembered >= changes_max,
              "a repeated request finds the answers to all its changes");
// Devices of a thread whose ops are remembered. A further device is refused as `too_many`.
inline constexpr std::size_t devices_max = 1024;

// --- Steps ---------------------------------------------------------------------------------------

inline constexpr std::size_t batch_steps_max = 4096;  // of one request
// Of the steps that one entry gathers while the log writes the entry before it.
inline constexpr std::size_t entry_bytes_max = 1 << 20;
// Places in one entry where the search for repeated steps may begin: repetitive text has many.
inline constexpr std::size_t step_match_tries_max = 256;
// Threads that a start mends at one time, besides those that users ask for: their entries share a
// flush, and each holds its state in memory.
inline constexpr std::size_t mends_in_flight_max = 8;
// Inputs that may wait in one thread's lane. The lane refuses more as `overloaded`.
inline constexpr std::size_t lane_inputs_max = 1024;
inline constexpr std::size_t lane_bytes_max = 32 << 20;
static_assert(lane_bytes_max >= 2 * body_bytes_max, "two of the largest requests can wait");
static_assert(8 * stored_words_max >= 2 * lane_bytes_max, "as the comment on words says");
static_assert(entry_bytes_max <= lane_bytes_max, "what an entry gathers has waited in the lane");

// --- Memory --------------------------------------------------------------------------------------

// Of everything (memory.h), unless the operator says otherwise. A small machine has 1 GiB; a part
// of the rest goes to what the account leaves out (code, stacks, the allocator's overhead).
inline constexpr std::size_t memory_bytes_max = 512 << 20;
// The least that a server works with: the store's share, and a request of the greatest size while
// it is read, decided and written.
inline constexpr std::size_t memory_bytes_min = 64 << 20;
static_assert(memory_bytes_min <= memory_bytes_max);
// Bodies and answers may each hold 1/memory_share of the bound, so that slow senders or slow
// readers can't take the memory that all others need.
inline constexpr std::size_t memory_share = 4;
static_assert(memory_bytes_min / memory_share >= body_bytes_max,
              "the largest request fits into its share");
// Accepted work may exceed the bound by 1/memory_reserve of it: only work that ends frees memory.
inline constexpr std::size_t memory_reserve = 8;
// The states cache drops states unused for `idle_seconds_max` while all states hold more than
// 1/memory_settled of the bound: what a burst has read does not stay.
inline constexpr std::uint32_t idle_seconds_max = 15;
inline constexpr std::size_t memory_settled = 16;
// A thread in memory besides its rows: its fields, its place in the indexes, its lane.
inline constexpr std::size_t thread_bytes = 2048;
// One write to a socket.
inline constexpr std::size_t write_bytes_max = 1 << 20;

// --- Lists ---------------------------------------------------------------------------------------

inline constexpr std::uint32_t list_default = 50;

// Damaged threads, lists and feeds, of each kind, that the engine reports to the operator.
inline constexpr std::size_t damage_told_max = 64;

}  // namespace lockstep::limits
