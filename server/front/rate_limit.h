// rate_limit.h: how much one address may ask.
//
// A bucket of tokens an address: a request takes one, and they come back at a steady rate up to the
// size of a burst. Connections are counted beside it. Addresses that have neither connections nor a
// debt are forgotten; if there are too many to remember, new ones are refused.
//
// Lives on: the engine strand.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>

#include "server/front/wire.h"

namespace lockstep {

struct RateRules {
  double requests_per_second = 0;  // 0: no limit
  double burst = 0;
  std::size_t connections_max = 0;
  bool counts_loopback = false;  // a proxy on this machine speaks for everybody
};

class RateLimit {
 public:
  explicit RateLimit(RateRules rules) : rules_(rules) {}

  // A connection of this address: may it be? If so, `disconnected` must be called once.
  [[nodiscard]] bool connected(const std::string& address);
  void disconnected(const std::string& address);
  [[nodiscard]] bool may_ask(const std::string& address, Tick now);
  // Forgets who owes nothing.
  void sweep(Tick now);
  [[nodiscard]] std::size_t addresses() const { return addresses_.size(); }

 private:
  struct Account {
    double tokens = 0;
    Tick filled{};  // when tokens were last added
    std::size_t connections = 0;
  };
  [[nodiscard]] bool counts(const std::string& address) const;
  void refill(Account& account, Tick now) const;

  RateRules rules_;
  std::unordered_map<std::string, Account> addresses_;
};

}  // namespace lockstep
