// SPDX-License-Identifier: Apache-2.0
// size_law.h: a diff is not larger than its change (second half of invariant 2).
//
// The bound is twice the content that changed, plus 200 bytes for each row (message, run, the
// thread), plus 64 bytes for each part that a growth names, for the part's place. It is computed
// without knowing how diffs are made.
#pragma once

#include <functional>
#include <string>

#include "engine/rules/diff.h"

namespace lockstep::test {

// Was the message created, or put again, after the state that the diff begins at?
using PutSince = std::function<bool(const MessageId&)>;

// Says by how much a diff from `from` to `to` is too large; empty if it isn't.
[[nodiscard]] std::string check_size(const Screen& from, const Screen& to, const Diff& diff,
                                     const PutSince& put_since);

}  // namespace lockstep::test
