// SPDX-License-Identifier: Apache-2.0
// tickets.h: a token's stand-in for the requests that can carry no header.
//
// A browser can set no header on a WebSocket or an EventSource, and an address is no place for a
// token: addresses are logged, kept and shown. So whoever has a token is given a ticket, 256 bits
// of chance that stand in the query once, within a minute. Only its SHA-256 is kept, in memory: a
// restart forgets all tickets, and what is kept opens nothing. A user has a bounded number of them,
// and the oldest makes room; all users together have another bound, at which new ones are refused.
//
// Lives on: the engine strand.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/base/ids.h"
#include "engine/base/time.h"
#include "server/base/auth.h"
#include "server/net/transport.h"

namespace lockstep {

class Tickets {
 public:
  // Requires: `random` can't be foretold, and outlives this.
  explicit Tickets(Random& random) : random_(random) {}
  Tickets(const Tickets&) = delete;
  Tickets& operator=(const Tickets&) = delete;

  // A ticket of this user; nothing if there are too many of others.
  [[nodiscard]] std::optional<std::string> make(const Caller& caller, Tick now);
  // Who was given the ticket; nothing if it is none, was used, or is too old. It is used up by
  // this.
  [[nodiscard]] std::optional<Caller> take(std::string_view ticket, Tick now);
  // Forgets those that are too old.
  void sweep(Tick now);
  // Forgets those that were made with a token which counts no more.
  void revoke(const Auth& auth);
  [[nodiscard]] std::size_t size() const { return tickets_.size(); }

 private:
  struct Ticket {
    Caller caller;
    Tick made;
  };
  void forget_if(const std::function<bool(const Ticket&)>& is_over);
  void forget(const Hash& hash);

  Random& random_;
  std::map<Hash, Ticket> tickets_;
  std::unordered_map<UserId, std::vector<Hash>> hashes_;  // of each user, the oldest first
};

}  // namespace lockstep
