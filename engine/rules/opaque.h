// SPDX-License-Identifier: Apache-2.0
// opaque.h: data that only the model server that wrote it can read.
//
// Signatures of reasoning, encrypted reasoning, the ids of a provider's items: no screen shows
// them, and a later request must give them back as they came, or the provider refuses it. So they
// are kept beside a message's parts, and not in them: no digest counts them, and fronts get them
// only if they ask.
//
// Data stands for the content that it came with. It goes when its part is cut or put with other
// content; data of the message as a whole goes when any part is. `origin` says who wrote it, and
// only that reader gets it back.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/cow.h"
#include "engine/base/json.h"

namespace lockstep {

struct OpaqueData {
  std::optional<std::uint32_t> part;  // of the message; none: of the message as a whole
  std::string origin;                 // who wrote it, and may get it back
  Json value;
  friend bool operator==(const OpaqueData&, const OpaqueData&) = default;
};

// The opaque data of one message: at most one for each part and one for the whole, in the order of
// the parts, the whole's first.
class Opaque {
 public:
  Opaque() = default;

  [[nodiscard]] std::size_t size() const { return data_ ? data_->size() : 0; }
  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] const OpaqueData* begin() const { return data_ ? data_->data() : nullptr; }
  [[nodiscard]] const OpaqueData* end() const { return begin() + size(); }

  // Null if the part has none.
  [[nodiscard]] const OpaqueData* of(std::optional<std::uint32_t> part) const {
    const OpaqueData* found = std::ranges::lower_bound(*this, part, {}, &OpaqueData::part);
    return found != end() && found->part == part ? found : nullptr;
  }

  // In place of what the part had.
  void put(OpaqueData data) {
    std::vector<OpaqueData>& all = data_.edit();
    const auto place = std::ranges::lower_bound(all, data.part, {}, &OpaqueData::part);
    if (place != all.end() && place->part == data.part) {
      *place = std::move(data);
    } else {
      all.insert(place, std::move(data));
    }
  }

  // Drops what `keeps(part)` is false for.
  template <class Keeps>
  void keep(Keeps keeps) {
    const auto goes = [&](const OpaqueData& data) { return !keeps(data.part); };
    if (std::ranges::none_of(*this, goes)) return;
    std::erase_if(data_.edit(), goes);
    if (data_->empty()) data_ = {};
  }

  friend bool operator==(const Opaque& left, const Opaque& right) {
    return left.data_.shares_with(right.data_) || std::ranges::equal(left, right);
  }

 private:
  Cow<std::vector<OpaqueData>> data_;  // without a value: none
};

}  // namespace lockstep
