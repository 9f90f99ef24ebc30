// SPDX-License-Identifier: Apache-2.0
// damages.h: the list of damages.
//
// Each damage is a name and a change of the store's bytes. A damage is made from its number alone,
// so that one trial can be repeated.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/damage/base_store.h"

namespace lockstep::damage {

struct Damage {
  std::string group;  // its row in the tally
  std::string what;   // with the file
  std::function<void(Image&)> apply;
};

// The newest write-ahead log without its last `bytes` bytes. Requires: it has so many.
[[nodiscard]] Damage cut_of(const BaseStore& base, std::size_t bytes);

// A random bit of a random file: first the kind of file is drawn, so that the small ones get
// their share, then the file by its size.
[[nodiscard]] Damage flip_of(const BaseStore& base, std::uint64_t seed);

// Each file missing, empty, halved, with a sector of zeros at its beginning and in its middle, as
// it was in the older copy, and in the place of each other one of its kind; and the manifest cut
// off after every byte.
[[nodiscard]] std::vector<Damage> damages_of_files(const BaseStore& base);

}  // namespace lockstep::damage
