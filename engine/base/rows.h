// SPDX-License-Identifier: Apache-2.0
// rows.h: containers that are copied without their rows.
//
// A decision is made on a copy of a thread's state, which it then changes; a thread may have ten
// thousand messages. So rows lie in shared pieces, and a piece is copied only when it is changed
// while somebody else still holds it (`Cow`). A state that has one owner is changed in place.
//
//   Rows     vector of chunks of 64 rows, each row shared by itself
//   RowMap   buckets by hash, each a shared map
//
// A copy takes a pointer for every 64 rows, and one for every 32 keys or so.
//
// Lives on: one strand; copies may be read, not edited, on another as long as no one edits there.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/base/must.h"

namespace lockstep {

template <class T>
class Cow {
 public:
  Cow() : value_(std::make_shared<T>()) {}
  explicit Cow(T value) : value_(std::make_shared<T>(std::move(value))) {}

  const T& operator*() const { return *value_; }
  const T* operator->() const { return value_.get(); }
  // The value as it is now: later edits are made on a copy.
  [[nodiscard]] std::shared_ptr<const T> shared() const { return value_; }
  T& edit() {
    if (value_.use_count() > 1) value_ = std::make_shared<T>(*value_);
    return *value_;
  }

 private:
  std::shared_ptr<T> value_;
};

template <class T>
class Rows {
 public:
  Rows() = default;
  ~Rows() = default;
  Rows(const Rows&) = default;
  Rows& operator=(const Rows&) = default;
  Rows(Rows&& other) noexcept
      : chunks_(std::exchange(other.chunks_, {})), size_(std::exchange(other.size_, 0)) {}
  Rows& operator=(Rows&& other) noexcept {
    chunks_ = std::exchange(other.chunks_, {});
    size_ = std::exchange(other.size_, 0);
    return *this;
  }

  static constexpr std::size_t chunk_rows = 64;

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

  const T& operator[](std::size_t at) const {
    MUST(at < size_);
    return *(*chunks_[at / chunk_rows])[at % chunk_rows];
  }

  [[nodiscard]] std::shared_ptr<const T> shared(std::size_t at) const {
    MUST(at < size_);
    return (*chunks_[at / chunk_rows])[at % chunk_rows].shared();
  }

  T& edit(std::size_t at) {
    MUST(at < size_);
    return chunks_[at / chunk_rows].edit()[at % chunk_rows].edit();
  }

  T& add(T row) {
    if (size_ % chunk_rows == 0) chunks_.emplace_back();
    auto& chunk = chunks_.back().edit();
    chunk.emplace_back(std::move(row));
    ++size_;
    return chunk.back().edit();
  }

 private:
  std::vector<Cow<std::vector<Cow<T>>>> chunks_;
  std::size_t size_ = 0;
};

template <class Key, class Value>
class RowMap {
 public:
  RowMap() = default;
  ~RowMap() = default;
  RowMap(const RowMap&) = default;
  RowMap& operator=(const RowMap&) = default;
  RowMap(RowMap&& other) noexcept
      : buckets_(std::exchange(other.buckets_, {})), size_(std::exchange(other.size_, 0)) {}
  RowMap& operator=(RowMap&& other) noexcept {
    buckets_ = std::exchange(other.buckets_, {});
    size_ = std::exchange(other.size_, 0);
    return *this;
  }

  // More than this many rows a bucket, and the buckets are doubled: copying the map stays cheap,
  // and an edit copies a small part of it.
  static constexpr std::size_t bucket_rows = 32;

  [[nodiscard]] std::size_t size() const { return size_; }

  [[nodiscard]] const Value* find(const Key& key) const {
    if (buckets_.empty()) return nullptr;
    const auto& bucket = *buckets_[slot(key)];
    auto it = bucket.find(key);
    return it == bucket.end() ? nullptr : &it->second;
  }

  // The value at `key`, made if there is none.
  Value& edit(const Key& key) {
    if (size_ >= bucket_rows * buckets_.size()) grow();
    auto [it, fresh] = buckets_[slot(key)].edit().try_emplace(key);
    if (fresh) ++size_;
    return it->second;
  }

  template <class Visit>
  void each(Visit visit) const {
    for (const auto& bucket : buckets_) {
      for (const auto& [key, value] : *bucket) visit(key, value);
    }
  }

 private:
  using Bucket = std::unordered_map<Key, Value>;

  std::size_t slot(const Key& key) const { return std::hash<Key>{}(key) % buckets_.size(); }

  void grow() {
    std::vector<Cow<Bucket>> former(std::max<std::size_t>(1, buckets_.size() * 2));
    former.swap(buckets_);
    for (const auto& bucket : former) {
      for (const auto& [key, value] : *bucket) buckets_[slot(key)].edit().emplace(key, value);
    }
  }

  std::vector<Cow<Bucket>> buckets_;
  std::size_t size_ = 0;
};

}  // namespace lockstep
