// SPDX-License-Identifier: Apache-2.0
// epochs.h: whose history a cursor belongs to.
//
// A store's history is named by a number drawn at random. When history may have been cut (a
// restore), a new epoch begins, and the former one is remembered with the last commit number that
// was kept of it. A commit number, not a timestamp: timestamps increase within a thread only, and a
// clock may jump back, so no single one could say of all threads what was lost. What a cut means
// for one thread is in former_epochs.h: what it has kept, so threads that a salvage has left whole
// keep all their cursors. A list of threads is of no single thread: where a salvage has lost
// something, lists have a cut of their own. The value lies in the table `meta` under `epochs_key`:
//
//   version:1 = 1 · current:8be · (epoch:8be · cut:8be)*                     oldest first
//   version:1 = 2 · current:8be · (epoch:8be · cut:8be · lists cut:8be)*     if a lists cut differs
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
    CommitNumber cut;  // what lies above may be gone
    // Of cursors of lists and feeds, where it is another one.
    std::optional<CommitNumber> lists_cut = {};
    friend bool operator==(const Former&, const Former&) = default;
  };

  Epoch current;
  std::vector<Former> former;  // oldest first

  friend bool operator==(const Epochs&, const Epochs&) = default;
};

// Up to where does this store share the history of `epoch`? The greatest number for the current
// one, the least cut made since for a former one, nothing for one that was never here.
[[nodiscard]] std::optional<CommitNumber> shared_until(const Epochs& epochs, Epoch epoch);

// The same for what a list or a feed has told.
[[nodiscard]] std::optional<CommitNumber> lists_shared_until(const Epochs& epochs, Epoch epoch);

// The same store after a cut: the current epoch becomes a former one.
[[nodiscard]] Epochs after_cut(Epochs epochs, Epoch next, CommitNumber cut);

[[nodiscard]] std::string encode_epochs(const Epochs& epochs);
// Nothing if the bytes are no such value.
[[nodiscard]] std::optional<Epochs> decode_epochs(std::string_view bytes);

}  // namespace lockstep
