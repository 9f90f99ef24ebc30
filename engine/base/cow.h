// SPDX-License-Identifier: Apache-2.0
// cow.h: a value with several owners, copied when one of them changes it (copy on write).
//
// A copy of a `Cow` is one more owner of the same value: a pointer and a count. `edit` gives the
// value to be changed. If its owner is alone the value is changed in place, otherwise the owner
// gets a copy of its own, and the others see nothing of the change.
//
// Owners may live on several threads, each used by one thread at a time: an owner that finds itself
// alone sees all that the former ones did (they let go with `release`, it looks with `acquire`),
// and nobody can become another owner meanwhile, as that takes an owner to copy from. This is about
// the count only: a value that must end on its strand (it holds a `Charge`) must be let go there.
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
    // It can't end meanwhile: `other` owns it.
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
  // Requires: there is a value. It stays where it is until its last owner lets go of it, or a lone
  // owner changes it.
  const T& operator*() const { return cell_->value; }
  const T* operator->() const { return &cell_->value; }
  [[nodiscard]] bool shares_with(const Cow& other) const { return cell_ == other.cell_; }

  // The value for its owner alone; an empty one if there was none.
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
