// SPDX-License-Identifier: Apache-2.0
// checked_blobs.h: the blobs whose bytes were compared with their hash.
//
// A range is sent only of a blob that is whole, and the hash tells that of all bytes alone. A
// player asks for many ranges of one recording: it is read and compared once, until the server has
// to forget it, or ends. What the disk loses after that is found by `verify`, and by the next
// download of the whole blob.
//
// Lives on: the engine strand.
#pragma once

#include <cstddef>
#include <set>
#include <utility>

#include "engine/base/blob_hash.h"
#include "engine/base/ids.h"

namespace lockstep {

namespace limits {
// Blobs that are known as whole: some hundred kilobytes.
inline constexpr std::size_t checked_blobs_max = 1024;
}  // namespace limits

class CheckedBlobs {
 public:
  using Key = std::pair<UserId, BlobHash>;

  [[nodiscard]] bool contains(const Key& key) const { return known_.contains(key); }
  void erase(const Key& key) { known_.erase(key); }
  void insert(Key key) {
    if (known_.size() >= limits::checked_blobs_max) known_.clear();
    known_.insert(std::move(key));
  }

 private:
  std::set<Key> known_;
};

}  // namespace lockstep
