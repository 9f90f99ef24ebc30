// SPDX-License-Identifier: Apache-2.0
// entry_codec.h: an entry to bytes and back.
//
// The bytes are the body of a log row (schema/event.capnp, packed); the log adds what frames them.
// An entry in memory names messages and runs by id, a stored one by number: the place in which the
// thread got them. So both ways need a state that knows the names:
//
//   encode   the state that the entry is to follow
//   decode   that state, or any later one of the thread: numbers are given once
//
// What the entry itself brings (a new message, a queued run) is numbered on from there, in order.
//
// Bytes come from a disk, so any bytes are an answer or an error: `corrupt` if they can't be what
// `encode` made, `unsupported` if they need a newer version, which is named.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/rules/event.h"
#include "engine/rules/state.h"

namespace lockstep {

// The greatest `Entry.needs` that this code knows how to read.
inline constexpr std::uint16_t entry_version = 1;

// Requires: every message and run that the events and the producer's mark name is in `before` or
// comes with the entry; `at` is later than `previous`; acks have ops.
[[nodiscard]] std::string encode(const Entry& entry, const ThreadState& before);

// `at` is the entry's timestamp: it stands in the row's key.
[[nodiscard]] Result<Entry> decode(std::string_view bytes, Timestamp at, const ThreadState& names);

}  // namespace lockstep
