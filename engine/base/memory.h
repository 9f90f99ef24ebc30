// SPDX-License-Identifier: Apache-2.0
// memory.h: the one account of what is held in memory.
//
// Whoever holds bytes for longer than a call holds a `Charge` of that many beside them, of a kind;
// its destructor gives them back. So the account is the sum of what lives, whoever holds it: a row
// of a state that a slow reader still shares with nobody else is counted like any other.
//
// The account bounds. New work asks before it is taken (`admits`); if there is no room, what can be
// given up is given up first (idle states, then the tails of followed threads), and if that is not
// enough the work is refused as `overloaded`. Work that was accepted goes on (`admits_begun`): a
// reserve is kept for it, because only what ends gives its memory back. Bodies and answers have a
// share of their own beside, so that those who send or read slowly can't take all of it.
//
// Sizes are about right, not exact: they follow the content (sizes.h) and leave out what the
// allocator adds.
//
// Lives on: one strand. Charges may not outlive their account.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>

namespace lockstep {

enum class MemoryKind : std::uint8_t {
  states,     // threads: what their entries fold to
  tails,      // the last entries of followed threads, and their frames
  bodies,     // requests that are being read, and messages of sockets
  answers,    // what a front has asked for and not yet taken
  steps,      // what waits for a lane
  followers,  // connections, and streams over them
  models,     // contexts that models were given, and what they have written
  store,      // the database's cache and its tables in memory: a fixed share
};
inline constexpr std::size_t memory_kinds = 8;
[[nodiscard]] std::string_view name_of(MemoryKind kind);

class MemoryAccount {
 public:
  explicit MemoryAccount(std::size_t bytes_max) : bytes_max_(bytes_max) {}
  MemoryAccount(const MemoryAccount&) = delete;
  MemoryAccount& operator=(const MemoryAccount&) = delete;

  // May something new hold so many bytes more? If not, that is counted as a refusal.
  [[nodiscard]] bool admits(MemoryKind kind, std::size_t bytes);
  // The same for what goes on with accepted work, or makes room.
  [[nodiscard]] bool admits_begun(MemoryKind kind, std::size_t bytes);
  // Is nothing to be kept that can be had again? Gives nothing up, counts nothing.
  [[nodiscard]] bool full() const { return sum_ >= bytes_max_; }

  // Called when so many bytes are to be given up, and once a second with 0: what has been of no use
  // for a while may go then. It must not ask for room.
  void on_full(std::function<void(std::size_t bytes)> give_up) { give_up_ = std::move(give_up); }
  // A second has passed.
  void settle() { give_up(0); }

  [[nodiscard]] std::size_t bytes() const { return sum_; }
  [[nodiscard]] std::size_t bytes(MemoryKind kind) const {
    return sums_[static_cast<std::size_t>(kind)];
  }
  [[nodiscard]] std::size_t bytes_max() const { return bytes_max_; }
  void set_bytes_max(std::size_t bytes_max) { bytes_max_ = bytes_max; }
  [[nodiscard]] std::uint64_t refused(MemoryKind kind) const {
    return refused_[static_cast<std::size_t>(kind)];
  }

 private:
  friend class Charge;
  void add(MemoryKind kind, std::size_t bytes);
  void take(MemoryKind kind, std::size_t bytes);
  [[nodiscard]] bool counted(MemoryKind kind, bool admitted);
  [[nodiscard]] bool fits(std::size_t bytes, std::size_t most);
  void give_up(std::size_t bytes);

  std::size_t bytes_max_;
  std::size_t sum_ = 0;
  std::array<std::size_t, memory_kinds> sums_{};
  std::array<std::uint64_t, memory_kinds> refused_{};
  std::function<void(std::size_t bytes)> give_up_;
  bool giving_up_ = false;
};

// Bytes that are held. A copy is a second charge, though it may share what it holds: the account
// errs upwards. It says nothing about the value that it stands beside: all charges are equal.
class Charge {
 public:
  Charge() = default;
  // Null: nothing is counted.
  Charge(MemoryAccount* account, MemoryKind kind, std::size_t bytes = 0);
  Charge(const Charge& other);
  Charge(Charge&& other) noexcept;
  Charge& operator=(Charge other) noexcept;
  ~Charge();

  void set(std::size_t bytes);
  void add(std::size_t bytes) { set(bytes_ + bytes); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

  friend bool operator==(const Charge&, const Charge&) { return true; }

 private:
  MemoryAccount* account_ = nullptr;
  std::size_t bytes_ = 0;
  MemoryKind kind_ = MemoryKind::states;
};

}  // namespace lockstep
