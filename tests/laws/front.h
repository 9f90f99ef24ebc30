// SPDX-License-Identifier: Apache-2.0
// front.h: a front, written from the protocol's page.
//
// What a screen becomes by an entry or a diff, by nothing but what the wire says of events and
// diffs: no fold, no state, no helper of the engine's. The laws compare it with what the engine
// shows.
#pragma once

#include <string>

#include "engine/rules/diff.h"

namespace lockstep::test {

// Says what does not fit, in words; empty if it went well. Requires of an entry: it is the next
// one.
[[nodiscard]] std::string take(Screen& screen, const Entry& entry);
// Requires: the screen is of a time from `diff.from` to `diff.to`. A front with a window holds a
// part of the thread, and passes over what names a message that it does not hold.
enum class Holds { all, a_part };
[[nodiscard]] std::string take(Screen& screen, const Diff& diff, Holds holds = Holds::all);

// Where two screens differ, in words; empty if nowhere.
[[nodiscard]] std::string difference(const Screen& one, const Screen& other);

// The messages from the root to `head`; nothing if one of them is not there.
[[nodiscard]] std::optional<std::vector<Message>> path_of(const Screen& screen,
                                                          std::optional<MessageId> head);

}  // namespace lockstep::test
