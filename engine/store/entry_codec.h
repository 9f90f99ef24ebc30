// SPDX-License-Identifier: Apache-2.0
// entry_codec.h: an entry to bytes and back.
//
// The bytes are the body of a log row (schema/event.capnp, packed); the log adds the frame around
// them. An entry in memory names messages and runs by id. A stored entry names them by number: the
// order in which the thread got them. So both directions need a state that knows the names:
//
//   encode   the state before the entry
//   decode   that state, or any later state of the thread: a number is given only once
//
// New messages and queued runs of the entry itself get the next numbers, in order.
//
// Bytes come from a disk, so `decode` takes any bytes and returns an entry or an error: `corrupt`
// if `encode` can't have made them, `unsupported` (with the version) if they need a newer version.
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

// Requires: `before` or the entry itself has every message and run that the events and the
// producer's offset name; `at` is later than `previous`; acks have ops.
[[nodiscard]] std::string encode(const Entry& entry, const ThreadState& before);

// `at` is the entry's timestamp, which is in the row's key.
[[nodiscard]] Result<Entry> decode(std::string_view bytes, Timestamp at, const ThreadState& names);

}  // namespace lockstep
