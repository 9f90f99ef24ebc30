// SPDX-License-Identifier: Apache-2.0
// persistent_map.h: a map with cheap copies that share what is equal (a persistent hash trie).
//
// A tree by hash. A new key goes to the root. A block with more than `width` keys becomes the
// parent of `width` blocks, which divide its keys by the next four bits of their hashes, lowest
// bits first:
//
//   [ 0 | 1 | … | f ]            a key of hash …3f1: from the root to 1, and there to f
//         [ 0 | … | f ]
//                   [ …3f1, …0f1 ]   up to 16 keys with their values, each pair shared by itself
//
// Below the last bits, keys with equal hashes stay together in one block of any size. The map never
// removes a key.
//
// A copy is one more owner of the root. An edit follows one path down. It copies each block there
// that has other owners (`Cow`), so it costs O(log n), and changes the other blocks in place.
//
// Copies may be used on several threads, as `Cow` says.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <limits>
#include <utility>
#include <variant>
#include <vector>

#include "engine/base/cow.h"
#include "engine/base/must.h"

namespace lockstep {

template <class Key, class Value>
class PersistentMap {
 public:
  PersistentMap() = default;
  ~PersistentMap() = default;
  PersistentMap(const PersistentMap&) = default;
  PersistentMap& operator=(const PersistentMap&) = default;
  // Leaves the source empty.
  PersistentMap(PersistentMap&& other) noexcept
      : root_(std::move(other.root_)), size_(std::exchange(other.size_, 0)) {}
  PersistentMap& operator=(PersistentMap&& other) noexcept {
    root_ = std::move(other.root_);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }

  static constexpr unsigned bits = 4;
  static constexpr std::size_t width = 1u << bits;

  [[nodiscard]] std::size_t size() const { return size_; }

  // Null if the key is missing.
  [[nodiscard]] const Value* find(const Key& key) const {
    const std::size_t hash = std::hash<Key>{}(key);
    unsigned shift = 0;
    for (const Cow<Block>* block = &root_; *block; shift += bits) {
      if (const auto* slots = std::get_if<Slots>(&(*block)->held)) {
        const Slot* slot = slot_of(*slots, hash, key);
        return slot ? &slot->pair->second : nullptr;
      }
      block = &std::get<Blocks>((*block)->held)[(hash >> shift) % width];
    }
    return nullptr;
  }

  // The value at `key`, which is made if it is missing.
  Value& edit(const Key& key) {
    const std::size_t hash = std::hash<Key>{}(key);
    unsigned shift = 0;
    Block* block = &root_.edit();
    for (;; shift += bits) {
      if (auto* slots = std::get_if<Slots>(&block->held)) {
        if (Slot* slot = slot_of(*slots, hash, key)) return slot->pair.edit().second;
        if (slots->size() < width || shift >= hash_bits) break;
        divide(*block, shift);
      }
      block = &std::get<Blocks>(block->held)[(hash >> shift) % width].edit();
    }
    ++size_;
    Slots& slots = std::get<Slots>(block->held);
    return slots.emplace_back(hash, Cow(Pair(key, Value{}))).pair.edit().second;
  }

  template <class Visit>
  void each(Visit visit) const {
    if (root_) each(*root_, visit);
  }

 private:
  using Pair = std::pair<Key, Value>;
  struct Slot {
    std::size_t hash;
    Cow<Pair> pair;
  };
  struct Block;
  using Slots = std::vector<Slot>;
  using Blocks = std::array<Cow<Block>, width>;  // by the next bits; some have no value
  struct Block {
    std::variant<Slots, Blocks> held;
  };
  static constexpr unsigned hash_bits = std::numeric_limits<std::size_t>::digits;
  static_assert(hash_bits % bits == 0, "no level looks at bits that a hash does not have");

  // Null if the key is missing. `Some` is `Slots`, const or not.
  template <class Some>
  static auto slot_of(Some& slots, std::size_t hash, const Key& key) -> decltype(slots.data()) {
    for (auto& slot : slots) {
      if (slot.hash == hash && slot.pair->first == key) return &slot;
    }
    return nullptr;
  }

  static void divide(Block& block, unsigned shift) {
    MUST(shift < hash_bits);
    Blocks blocks;
    for (Slot& slot : std::get<Slots>(block.held)) {
      Block& below = blocks[(slot.hash >> shift) % width].edit();
      std::get<Slots>(below.held).push_back(std::move(slot));
    }
    block.held = std::move(blocks);
  }

  template <class Visit>
  static void each(const Block& block, Visit& visit) {
    if (const auto* blocks = std::get_if<Blocks>(&block.held)) {
      for (const Cow<Block>& below : *blocks) {
        if (below) each(*below, visit);
      }
      return;
    }
    for (const Slot& slot : std::get<Slots>(block.held)) {
      visit(slot.pair->first, slot.pair->second);
    }
  }

  Cow<Block> root_;
  std::size_t size_ = 0;
};

}  // namespace lockstep
