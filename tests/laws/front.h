// SPDX-License-Identifier: Apache-2.0
// front.h: a front that is written from docs/protocol.md.
//
// It changes a screen by entries and diffs, with only the wire's events and diffs: no fold, no
// state and no helper of the engine. The laws compare it with what the engine shows.
#pragma once

#include <string>

#include "engine/rules/diff.h"

namespace lockstep::test {

// Returns the contradiction in words; empty if all fits. Requires: the entry is the next one.
[[nodiscard]] std::string take(Screen& screen, const Entry& entry);
// Requires: the screen is of a time from `diff.from` to `diff.to`. A front with a window holds a
// part of the thread, and skips events about messages that it does not hold.
enum class Holds { all, a_part };
[[nodiscard]] std::string take(Screen& screen, const Diff& diff, Holds holds = Holds::all);

// Where two screens differ, in words; empty if nowhere.
[[nodiscard]] std::string difference(const Screen& one, const Screen& other);

// A run's path as fronts show it: without opaque data.
[[nodiscard]] std::vector<Message> shown(std::vector<Message> path);
// The messages from the root to `head`; nullopt if one of them is missing.
[[nodiscard]] std::optional<std::vector<Message>> path_of(const Screen& screen,
                                                          std::optional<MessageId> head);

}  // namespace lockstep::test
