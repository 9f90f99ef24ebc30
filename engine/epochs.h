// epochs.h: whose history a cursor belongs to.
//
// A store's history is named by a number drawn at random. When history may have been cut (a
// restore, a repair), a new epoch begins, and the former one is remembered with the timestamp up to
// which it still holds: a cursor of a former epoch is good if it is not above any cut made since.
// The value lies in the table `meta` under `epochs_key`:
//
//   version:1 · current:8be · (epoch:8be · cut:8be)*    oldest first
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/ids.h"

namespace lockstep {

inline constexpr std::string_view epochs_key = "epochs";

struct Epochs {
  struct Former {
    Epoch epoch;
    Timestamp cut;  // what lies above may be gone
    friend bool operator==(const Former&, const Former&) = default;
  };

  Epoch current;
  std::vector<Former> former;  // oldest first

  friend bool operator==(const Epochs&, const Epochs&) = default;
};

// Up to where does this store share the history of `epoch`? The greatest timestamp for the current
// one, the least cut made since for a former one, nothing for one that was never here.
[[nodiscard]] std::optional<Timestamp> shared_until(const Epochs& epochs, Epoch epoch);

// The same store after a cut: the current epoch becomes a former one.
[[nodiscard]] Epochs after_cut(Epochs epochs, Epoch next, Timestamp cut);

[[nodiscard]] std::string encode_epochs(const Epochs& epochs);
// Nothing if the bytes are no such value.
[[nodiscard]] std::optional<Epochs> decode_epochs(std::string_view bytes);

}  // namespace lockstep
