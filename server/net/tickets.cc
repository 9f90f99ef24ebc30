// SPDX-License-Identifier: Apache-2.0
#include "server/net/tickets.h"

#include <algorithm>
#include <array>

#include "engine/base/must.h"
#include "engine/rules/digest.h"
#include "server/base/limits.h"

namespace lockstep {
namespace {

std::string make_secret(Random& random) {
  Hash chance{};
  for (std::size_t at = 0; at < chance.size(); at += sizeof(std::uint64_t)) {
    std::uint64_t word = random.next();
    for (std::size_t byte = 0; byte < sizeof word; ++byte, word >>= 8) {
      chance[at + byte] = static_cast<std::uint8_t>(word);
    }
  }
  return to_hex(chance);
}

bool is_over(Tick made, Tick now) {
  // `>`, because ticks are whole seconds: a ticket made late in its second keeps its full time.
  return now - made > limits::ticket_time_max;
}

}  // namespace

std::optional<std::string> Tickets::make(const Caller& caller, Tick now) {
  const auto own = hashes_.find(caller.user);
  if (own != hashes_.end() && own->second.size() >= limits::tickets_per_user_max) {
    forget(Hash(own->second.front()));
  }
  if (tickets_.size() >= limits::tickets_max) return std::nullopt;
  std::string ticket = make_secret(random_);
  const Hash hash = sha256(ticket);
  const bool is_new = tickets_.try_emplace(hash, Ticket{caller, now}).second;
  MUST(is_new);
  hashes_[caller.user].push_back(hash);
  return ticket;
}

std::optional<Caller> Tickets::take(std::string_view ticket, Tick now) {
  const Hash hash = sha256(ticket);
  const auto found = tickets_.find(hash);
  if (found == tickets_.end()) return std::nullopt;
  const Ticket taken = found->second;
  forget(hash);
  if (is_over(taken.made, now)) return std::nullopt;
  return taken.caller;
}

void Tickets::sweep(Tick now) {
  forget_if([now](const Ticket& ticket) { return is_over(ticket.made, now); });
}

void Tickets::revoke(const Auth& auth) {
  forget_if([&auth](const Ticket& ticket) { return !auth.allows(ticket.caller); });
}

void Tickets::forget_if(const std::function<bool(const Ticket&)>& is_over) {
  std::vector<Hash> over;
  for (const auto& [hash, ticket] : tickets_) {
    if (is_over(ticket)) over.push_back(hash);
  }
  for (const Hash& hash : over) forget(hash);
}

void Tickets::forget(const Hash& hash) {
  const auto found = tickets_.find(hash);
  MUST(found != tickets_.end());
  const auto own = hashes_.find(found->second.caller.user);
  MUST(own != hashes_.end());
  std::erase(own->second, hash);
  if (own->second.empty()) hashes_.erase(own);
  tickets_.erase(found);
}

}  // namespace lockstep
