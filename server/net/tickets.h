// SPDX-License-Identifier: Apache-2.0
// tickets.h: single-use tickets, for requests that can't carry a token in a header.
//
// A browser can't set a header on a WebSocket or an EventSource, and a URL is a bad place for a
// token: programs log, keep and show URLs. So a client with a token can ask for a ticket: 256
// random bits that it puts into the query once, within a minute. The server keeps only the SHA-256
// of a ticket, in memory: a restart forgets all tickets, and a leak of the hashes opens nothing. A
// user has a bounded number of tickets, and a new one replaces the oldest. All users together have
// another bound, at which the server refuses new tickets.
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
  // Requires: `random` is unpredictable, and outlives this.
  explicit Tickets(Random& random) : random_(random) {}
  Tickets(const Tickets&) = delete;
  Tickets& operator=(const Tickets&) = delete;

  // A new ticket for this user; `nullopt` if all users together have too many.
  [[nodiscard]] std::optional<std::string> make(const Caller& caller, Tick now);
  // The caller that the ticket was made for, and uses it up; `nullopt` if it is unknown, used or
  // too old.
  [[nodiscard]] std::optional<Caller> take(std::string_view ticket, Tick now);
  // Forgets tickets that are too old.
  void sweep(Tick now);
  // Forgets tickets that were made with a token that is not in the file any more.
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
