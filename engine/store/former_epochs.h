// SPDX-License-Identifier: Apache-2.0
// former_epochs.h: the part of earlier epochs that one thread has kept.
//
// The end of an epoch is a commit number, for the whole store (epochs.h); a cursor has a timestamp
// of one thread. Within a thread both increase together, so the end becomes the timestamp of the
// thread's last entry whose commit number is not above it: a cursor of the earlier epoch is good up
// to there. A thread that began after the end has kept nothing.
//
// A store that was never restored or salvaged has no earlier epochs; then nothing is read.
#pragma once

#include <utility>
#include <vector>

#include "engine/store/epochs.h"
#include "engine/store/log.h"

namespace lockstep {

using FormerEpochs = std::vector<std::pair<Epoch, Timestamp>>;

// Requires: `now` is the timestamp of an entry of the thread. Fails as `Log::read` does.
[[nodiscard]] Result<FormerEpochs> former_of(const Log& log, ThreadNumber thread, Timestamp now,
                                             const Epochs& epochs);

// For a thread that has no entry yet.
[[nodiscard]] FormerEpochs former_of_new(const Epochs& epochs);

}  // namespace lockstep
