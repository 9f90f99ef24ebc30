// SPDX-License-Identifier: Apache-2.0
// epochs.h: tells which history a cursor belongs to.
//
// A random number, the epoch, names a store's history. After a step that may have lost history (a
// restore, a salvage) a new epoch begins. The store remembers the former epoch and its end: the
// last commit number that was kept of it. The end is a commit number because only commit numbers
// order the whole store: timestamps increase within one thread, and a clock may jump back.
// former_epochs.h turns the end into a timestamp of one thread, so threads that a salvage left
// whole keep all their cursors. A list covers many threads: after a salvage that lost something,
// lists have an end of their own. The value lies in the table `meta` under `epochs_key`:
//
//   version:1 = 1 · current:8be · (epoch:8be · end:8be)*                     oldest first
//   version:1 = 2 · current:8be · (epoch:8be · end:8be · lists end:8be)*     if a lists end differs
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/ids.h"

namespace lockstep {

inline constexpr std::string_view epochs_key = "epochs";

struct Epochs {
  struct Former {
    Epoch epoch;
    CommitNumber end;  // commits above it may be lost
    // For cursors of lists and feeds, if it differs from `end`.
    std::optional<CommitNumber> lists_end = {};
    friend bool operator==(const Former&, const Former&) = default;
  };

  Epoch current;
  std::vector<Former> former;  // oldest first

  friend bool operator==(const Epochs&, const Epochs&) = default;
};

// The last commit of `epoch` that this store still has. The greatest number for the current epoch,
// the least end since then for a former epoch, nothing for an epoch that this store never had.
[[nodiscard]] std::optional<CommitNumber> shared_until(const Epochs& epochs, Epoch epoch);

// The same for cursors of lists and feeds.
[[nodiscard]] std::optional<CommitNumber> lists_shared_until(const Epochs& epochs, Epoch epoch);

// These epochs after the current one has ended at `end`: it becomes the last of the former ones.
[[nodiscard]] Epochs with_new_epoch(Epochs epochs, Epoch next, CommitNumber end);

[[nodiscard]] std::string encode_epochs(const Epochs& epochs);
// Nothing if `encode_epochs` can't have made the bytes.
[[nodiscard]] std::optional<Epochs> decode_epochs(std::string_view bytes);

}  // namespace lockstep
