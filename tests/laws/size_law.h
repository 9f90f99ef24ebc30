// SPDX-License-Identifier: Apache-2.0
// size_law.h: a diff is no larger than what it tells (the second half of invariant 2).
//
// At most twice the content that changed, 200 bytes for each row (message, run, the thread), and 64
// for each part that a growth names: that is where the part is. It is an upper reading of "the
// content that changed" and knows nothing of how diffs are made.
#pragma once

#include <functional>
#include <string>

#include "engine/rules/diff.h"

namespace lockstep::test {

// Was the message created, or put anew, after the state that the diff begins at?
using PutSince = std::function<bool(const MessageId&)>;

// Says by how much a diff from `from` to `to` is too large; empty if it isn't.
[[nodiscard]] std::string check_size(const Screen& from, const Screen& to, const Diff& diff,
                                     const PutSince& put_since);

}  // namespace lockstep::test
