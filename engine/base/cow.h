// SPDX-License-Identifier: Apache-2.0
// cow.h: a value with several owners, copied when one of them changes it (copy on write).
//
// A copy of a `Cow` is one more owner of the same value: a pointer and a count. `edit` returns the
// value for a change. A sole owner changes it in place; one of several owners gets a copy first, so
// that the others don't see the change.
//
// Owners may live on several threads, each used by one thread at a time. A sole owner sees all
// effects of the former owners, because they drop the count with `release` and it reads the count
// with `acquire`. No second owner can appear meanwhile, because that takes an owner to copy from.
// This holds for the count only: if a value must be destroyed on its strand (it holds a `Charge`),
// its last owner must be dropped there.
#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

namespace lockstep {

template <class T>
class Cow {
 public:
  Cow() = default;  // without a value
  explicit Cow(T value) : cell_(new Cell{std::move(value)}) {}
  Cow(const Cow& other) noexcept : cell_(other.cell_) {
    // Relaxed is enough: `other` owns the cell, so it can't be destroyed meanwhile.
    if (cell_) cell_->owners.fetch_add(1, std::memory_order_relaxed);
  }
  Cow(Cow&& other) noexcept : cell_(std::exchange(other.cell_, nullptr)) {}
  Cow& operator=(Cow other) noexcept {
    std::swap(cell_, other.cell_);
    return *this;
  }
  ~Cow() {
    if (cell_ && cell_->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) delete cell_;
  }

  explicit operator bool() const { return cell_ != nullptr; }
  // Requires: there is a value. Its address is valid until its last owner is gone, or a sole owner
  // changes it.
  const T& operator*() const { return cell_->value; }
  const T* operator->() const { return &cell_->value; }
  [[nodiscard]] bool shares_with(const Cow& other) const { return cell_ == other.cell_; }

  // The value, owned by this alone; a default value if there was none.
  T& edit() {
    if (!cell_) {
      cell_ = new Cell{};
    } else if (cell_->owners.load(std::memory_order_acquire) != 1) {
      *this = Cow(cell_->value);
    }
    return cell_->value;
  }

 private:
  struct Cell {
    T value{};
    std::atomic<std::size_t> owners{1};
  };

  Cell* cell_ = nullptr;
};

}  // namespace lockstep
