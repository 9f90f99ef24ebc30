// SPDX-License-Identifier: Apache-2.0
// rate_limit.h: rate limits for each address and each user.
//
// Each address and each user has a token bucket: a request takes one token, and tokens come back at
// a steady rate up to the size of a burst. The limit also counts open things: the connections of an
// address (behind a trusted proxy its requests), and the requests and streams of a user. It forgets
// an account that has nothing open and a full bucket. If there are too many accounts to remember,
// it refuses new ones.
//
// Lives on: the engine strand.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "server/base/rate_rules.h"
#include "server/net/client_address.h"
#include "server/net/transport.h"

namespace lockstep {

// Counts one open thing for as long as this object lives.
class Counted {
 public:
  Counted() = default;
  explicit Counted(std::move_only_function<void()> give_back) : give_back_(std::move(give_back)) {}
  ~Counted() {
    if (give_back_) give_back_();
  }
  Counted(Counted&& other) noexcept { std::swap(give_back_, other.give_back_); }
  Counted& operator=(Counted&& other) noexcept {
    std::swap(give_back_, other.give_back_);
    return *this;
  }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  std::move_only_function<void()> give_back_;
};

// Accounts by name: the addresses, or the users.
class Buckets {
 public:
  Buckets(double per_second, double burst, std::size_t open_max)
      : per_second_(per_second), burst_(burst), open_max_(open_max) {}

  [[nodiscard]] bool may_ask(const std::string& name, Tick now);
  [[nodiscard]] bool open(const std::string& name);
  void close(const std::string& name);
  // Replaces `less` held bytes by `more`. False, and no change, if the account would grow beyond
  // `most`.
  [[nodiscard]] bool hold(const std::string& name, std::size_t less, std::size_t more,
                          std::size_t most);
  // Forgets accounts that have nothing open and a full bucket.
  void sweep(Tick now);
  [[nodiscard]] std::size_t size() const { return accounts_.size(); }

 private:
  struct Account {
    double tokens = 0;
    Tick filled{};  // when tokens were last added
    std::size_t open = 0;
    std::size_t bytes = 0;
  };
  Account* account(const std::string& name);
  void refill(Account& account, Tick now) const;

  double per_second_;
  double burst_;
  std::size_t open_max_;
  std::unordered_map<std::string, Account> accounts_;
};

class RateLimit {
 public:
  // `has_users`: users have tokens, so the limits of users count.
  RateLimit(RateRules rules, bool has_users);

  // May this address open a connection? If so, the caller must call `disconnected` once.
  [[nodiscard]] bool connected(const std::string& address);
  void disconnected(const std::string& address);
  [[nodiscard]] bool may_ask(const std::string& address, Tick now);
  // A request that came through a proxy counts as a connection of its client.
  [[nodiscard]] std::optional<Counted> open_behind_proxy(const std::string& address);

  [[nodiscard]] bool user_may_ask(const std::string& user, Tick now);
  [[nodiscard]] std::optional<Counted> open_of(const std::string& user);
  [[nodiscard]] bool hold_bytes(const std::string& user, std::size_t less, std::size_t more);

  void sweep(Tick now);
  [[nodiscard]] std::size_t addresses() const { return addresses_.size(); }
  [[nodiscard]] const RateRules& rules() const { return rules_; }

 private:
  [[nodiscard]] bool counts(const std::string& address) const;
  [[nodiscard]] bool counts_connections(const std::string& address) const;

  RateRules rules_;
  bool has_users_;
  Buckets addresses_;
  Buckets users_;
};

// Counts the bytes of one body or socket for its user, for as long as this object lives.
class UserBytes {
 public:
  UserBytes() = default;
  ~UserBytes() { set(0); }
  UserBytes(const UserBytes&) = delete;
  UserBytes& operator=(const UserBytes&) = delete;

  // Requires: called once, before `set`. The limit outlives this.
  void start(RateLimit& limit, std::string user);
  // Sets the number of bytes. False, and no change, if the user would have too many.
  bool set(std::size_t bytes);

 private:
  RateLimit* limit_ = nullptr;
  std::string user_;
  std::size_t bytes_ = 0;
};

}  // namespace lockstep
