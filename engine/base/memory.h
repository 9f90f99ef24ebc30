// SPDX-License-Identifier: Apache-2.0
// memory.h: the one account of the process's memory, and its bound.
//
// Code that holds bytes for longer than a call also holds a `Charge` of that many bytes, of a kind;
// the charge's destructor gives them back. So the account is the sum of all that lives. A state's
// row that only a slow reader still holds is counted like any other.
//
// The account is also the bound. New work asks before it is taken (`admits`). If there is no room,
// the engine gives up caches first (idle states, then the tails of followed threads); if that is
// not enough, the work is refused as `overloaded` (backpressure). Accepted work goes on: the
// account keeps a reserve for it (`admits_begun`), because only work that ends frees memory. Bodies
// and answers also have a share each, so that slow senders and readers can't take all memory.
//
// Sizes are approximate: they follow the content (sizes.h) and leave out the allocator's overhead.
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
  bodies,     // requests while the server reads them, and messages of sockets
  answers,    // replies that a front has not taken yet
  steps,      // inputs that wait in a lane
  followers,  // connections, and the streams over them
  models,     // contexts given to models, and what the models have written
  store,      // the database's cache and its tables in memory: a fixed share
};
inline constexpr std::size_t memory_kinds = 8;
static_assert(static_cast<std::size_t>(MemoryKind::store) + 1 == memory_kinds);
[[nodiscard]] std::string_view name_of(MemoryKind kind);

class MemoryAccount {
 public:
  explicit MemoryAccount(std::size_t bytes_max) : bytes_max_(bytes_max) {}
  MemoryAccount(const MemoryAccount&) = delete;
  MemoryAccount& operator=(const MemoryAccount&) = delete;

  // May new work hold this many more bytes? A no is counted as a refusal.
  [[nodiscard]] bool admits(MemoryKind kind, std::size_t bytes);
  // The same for work that continues accepted work, or that makes room.
  [[nodiscard]] bool admits_begun(MemoryKind kind, std::size_t bytes);
  // Is the bound reached, so that caches should keep nothing more? Changes and counts nothing.
  [[nodiscard]] bool full() const { return sum_ >= bytes_max_; }

  // `give_up` should free this many bytes. It is also called once a second with 0, to drop what has
  // not been used for a while. It must not ask for room.
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

// Bytes that are held. A copy is a second charge, even if the two share their bytes: the account
// errs upwards. All charges compare equal, so that a value that holds one compares by content.
class Charge {
 public:
  Charge() = default;
  // Null account: nothing is counted.
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
