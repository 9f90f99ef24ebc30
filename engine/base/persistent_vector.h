// SPDX-License-Identifier: Apache-2.0
// persistent_vector.h: a vector with cheap copies that share what is equal (a persistent tree).
//
// A decision works on a copy of a thread's state, and a thread may have a million messages. So the
// values lie in a tree of blocks of at most `width` entries: values in the lowest blocks, blocks in
// all others. The bits of an index give the path down, five a level, highest bits first:
//
//   height 2       [ 0 | 1 |       ]          index 1100 = 1·1024 + 2·32 + 12
//   height 1   [ 0 … 31 ] [ 0 | 1 | 2 ]
//   height 0                    [ 0 … 12 … ]  the values, each shared by itself
//
// All blocks but the last of each level are full, and the tree has no more levels than it needs.
//
// A copy is one more owner of the root. An edit or an addition follows one path down. It copies
// each block there that has other owners (`Cow`), so it costs O(log n), and changes the other
// blocks in place.
//
// Copies may be used on several threads, as `Cow` says.
#pragma once

#include <array>
#include <cstddef>
#include <utility>
#include <variant>

#include "engine/base/cow.h"
#include "engine/base/must.h"

namespace lockstep {

template <class T>
class PersistentVector {
 public:
  PersistentVector() = default;
  ~PersistentVector() = default;
  PersistentVector(const PersistentVector&) = default;
  PersistentVector& operator=(const PersistentVector&) = default;
  // Leaves the source empty.
  PersistentVector(PersistentVector&& other) noexcept
      : root_(std::move(other.root_)),
        height_(std::exchange(other.height_, 0)),
        size_(std::exchange(other.size_, 0)) {}
  PersistentVector& operator=(PersistentVector&& other) noexcept {
    root_ = std::move(other.root_);
    height_ = std::exchange(other.height_, 0);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }

  static constexpr unsigned bits = 5;
  static constexpr std::size_t width = 1u << bits;

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

  const T& operator[](std::size_t at) const { return *shared(at); }

  // The value as it is now: a later edit works on a copy.
  [[nodiscard]] const Cow<T>& shared(std::size_t at) const {
    MUST(at < size_);
    const Block* block = &*root_;
    for (unsigned height = height_; height > 0; --height) {
      block = &*std::get<Blocks>(block->held)[place(at, height)];
    }
    return std::get<Values>(block->held)[place(at, 0)];
  }

  T& edit(std::size_t at) {
    MUST(at < size_);
    Block* block = &root_.edit();
    for (unsigned height = height_; height > 0; --height) {
      block = &std::get<Blocks>(block->held)[place(at, height)].edit();
    }
    return std::get<Values>(block->held)[place(at, 0)].edit();
  }

  T& add(T value) {
    if (size_ == width << (bits * height_)) grow();
    Block* block = &root_.edit();
    for (unsigned height = height_; height > 0; --height) {
      // A new block has values until it is made a block of blocks.
      if (std::holds_alternative<Values>(block->held)) block->held = Blocks();
      block = &std::get<Blocks>(block->held)[place(size_, height)].edit();
    }
    MUST(size_ < width << (bits * height_));
    Cow<T>& added = std::get<Values>(block->held)[place(size_++, 0)];
    added = Cow<T>(std::move(value));
    return added.edit();
  }

 private:
  struct Block;
  using Values = std::array<Cow<T>, width>;      // at height 0
  using Blocks = std::array<Cow<Block>, width>;  // above it
  struct Block {
    std::variant<Values, Blocks> held;
  };

  // The place of an index in the blocks of this height.
  static std::size_t place(std::size_t at, unsigned height) {
    return (at >> (bits * height)) % width;
  }

  // Puts the full tree below a new root.
  void grow() {
    Block above{Blocks()};
    std::get<Blocks>(above.held)[0] = std::move(root_);
    root_ = Cow<Block>(std::move(above));
    ++height_;
  }

  Cow<Block> root_;
  unsigned height_ = 0;
  std::size_t size_ = 0;
};

}  // namespace lockstep
