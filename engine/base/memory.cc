// SPDX-License-Identifier: Apache-2.0
#include "engine/base/memory.h"

#include "engine/base/limits.h"
#include "engine/base/must.h"

namespace lockstep {
namespace {

constexpr std::array<std::string_view, memory_kinds> names{
    "states", "tails", "bodies", "answers", "steps", "followers", "models", "store"};
static_assert(!names.back().empty(), "each kind has a name");

std::size_t share_of(MemoryKind kind, std::size_t bytes_max) {
  const bool bounded = kind == MemoryKind::bodies || kind == MemoryKind::answers;
  return bounded ? bytes_max / limits::memory_share : bytes_max;
}

}  // namespace

std::string_view name_of(MemoryKind kind) { return names[static_cast<std::size_t>(kind)]; }

bool MemoryAccount::admits(MemoryKind kind, std::size_t bytes) {
  // A full share is checked first: giving up caches would not help it.
  const bool in_share = this->bytes(kind) + bytes <= share_of(kind, bytes_max_);
  return counted(kind, in_share && fits(bytes, bytes_max_));
}

bool MemoryAccount::admits_begun(MemoryKind kind, std::size_t bytes) {
  return counted(kind, fits(bytes, bytes_max_ + bytes_max_ / limits::memory_reserve));
}

bool MemoryAccount::counted(MemoryKind kind, bool admitted) {
  if (!admitted) ++refused_[static_cast<std::size_t>(kind)];
  return admitted;
}

bool MemoryAccount::fits(std::size_t bytes, std::size_t most) {
  if (sum_ + bytes > most) give_up(sum_ + bytes - most);
  return sum_ + bytes <= most;
}

void MemoryAccount::give_up(std::size_t bytes) {
  if (giving_up_ || !give_up_) return;
  giving_up_ = true;
  give_up_(bytes);
  giving_up_ = false;
}

void MemoryAccount::add(MemoryKind kind, std::size_t bytes) {
  sum_ += bytes;
  sums_[static_cast<std::size_t>(kind)] += bytes;
}

void MemoryAccount::take(MemoryKind kind, std::size_t bytes) {
  std::size_t& sum = sums_[static_cast<std::size_t>(kind)];
  MUST(sum >= bytes && sum_ >= sum);  // else a charge was given back twice
  sum -= bytes;
  sum_ -= bytes;
}

Charge::Charge(MemoryAccount* account, MemoryKind kind, std::size_t bytes)
    : account_(account), kind_(kind) {
  set(bytes);
}

Charge::Charge(const Charge& other) : Charge(other.account_, other.kind_, other.bytes_) {}

Charge::Charge(Charge&& other) noexcept
    : account_(other.account_), bytes_(std::exchange(other.bytes_, 0)), kind_(other.kind_) {}

Charge& Charge::operator=(Charge other) noexcept {
  std::swap(account_, other.account_);
  std::swap(bytes_, other.bytes_);
  std::swap(kind_, other.kind_);
  return *this;
}

Charge::~Charge() { set(0); }

void Charge::set(std::size_t bytes) {
  if (account_ == nullptr) return;
  if (bytes > bytes_) account_->add(kind_, bytes - bytes_);
  if (bytes < bytes_) account_->take(kind_, bytes_ - bytes);
  bytes_ = bytes;
}

}  // namespace lockstep
