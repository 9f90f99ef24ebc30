// SPDX-License-Identifier: Apache-2.0
#include "server/net/rate_limit.h"

#include <algorithm>
#include <iterator>

#include "engine/base/must.h"
#include "server/base/auth.h"
#include "server/base/limits.h"

namespace lockstep {

// --- Accounts ------------------------------------------------------------------------------------

Buckets::Account* Buckets::account(const std::string& name) {
  const auto found = accounts_.find(name);
  if (found != accounts_.end()) return &found->second;
  if (accounts_.size() >= limits::addresses_max) return nullptr;
  return &accounts_.emplace(name, Account{burst_, {}, 0, 0}).first->second;
}

void Buckets::refill(Account& account, Tick now) const {
  const auto seconds = static_cast<double>((now - account.filled).count());
  account.tokens = std::min(burst_, account.tokens + seconds * per_second_);
  account.filled = now;
}

bool Buckets::may_ask(const std::string& name, Tick now) {
  if (per_second_ <= 0) return true;
  Account* found = account(name);
  if (found == nullptr) return false;
  refill(*found, now);
  if (found->tokens < 1) return false;
  found->tokens -= 1;
  return true;
}

bool Buckets::open(const std::string& name) {
  Account* found = account(name);
  if (found == nullptr || found->open >= open_max_) return false;
  ++found->open;
  return true;
}

void Buckets::close(const std::string& name) {
  const auto found = accounts_.find(name);
  MUST(found != accounts_.end());
  MUST(found->second.open > 0);
  --found->second.open;
}

bool Buckets::hold(const std::string& name, std::size_t less, std::size_t more, std::size_t most) {
  Account* found = account(name);
  if (found == nullptr) return false;
  MUST(found->bytes >= less);
  // Never refuse to give bytes back, even above the limit.
  if (more > less && found->bytes - less + more > most) return false;
  found->bytes = found->bytes - less + more;
  return true;
}

void Buckets::sweep(Tick now) {
  for (auto entry = accounts_.begin(); entry != accounts_.end();) {
    Account& each = entry->second;
    refill(each, now);
    const bool owes_nothing = each.open == 0 && each.bytes == 0 && each.tokens >= burst_;
    entry = owes_nothing ? accounts_.erase(entry) : std::next(entry);
  }
}

// --- Addresses and users -------------------------------------------------------------------------

RateLimit::RateLimit(RateRules rules, bool has_users)
    : rules_(std::move(rules)),
      has_users_(has_users || rules_.counts_loopback),
      addresses_(rules_.requests_per_second, rules_.burst, rules_.connections_max),
      users_(rules_.users.requests_per_second, rules_.users.burst, rules_.users.open_max) {}

bool RateLimit::counts(const std::string& address) const {
  return rules_.counts_loopback || !is_loopback(address);
}

// A trusted proxy's connections belong to many clients: `open_behind_proxy` counts each request for
// its client instead.
bool RateLimit::counts_connections(const std::string& address) const {
  return counts(address) && !is_trusted(address, rules_.proxies);
}

bool RateLimit::connected(const std::string& address) {
  return !counts_connections(address) || addresses_.open(address);
}

void RateLimit::disconnected(const std::string& address) {
  if (counts_connections(address)) addresses_.close(address);
}

bool RateLimit::may_ask(const std::string& address, Tick now) {
  return !counts(address) || addresses_.may_ask(address, now);
}

std::optional<Counted> RateLimit::open_behind_proxy(const std::string& address) {
  if (!counts_connections(address)) return Counted();
  if (!addresses_.open(address)) return std::nullopt;
  return Counted([this, address] { addresses_.close(address); });
}

bool RateLimit::user_may_ask(const std::string& user, Tick now) {
  return !has_users_ || user.empty() || users_.may_ask(user, now);
}

std::optional<Counted> RateLimit::open_of(const std::string& user) {
  if (!has_users_ || user.empty() || rules_.users.open_max == 0) return Counted();
  if (!users_.open(user)) return std::nullopt;
  return Counted([this, user] { users_.close(user); });
}

bool RateLimit::hold_bytes(const std::string& user, std::size_t less, std::size_t more) {
  if (!has_users_ || user.empty() || rules_.users.bytes_max == 0) return true;
  return users_.hold(user, less, more, rules_.users.bytes_max);
}

void RateLimit::sweep(Tick now) {
  addresses_.sweep(now);
  users_.sweep(now);
}

void UserBytes::start(RateLimit& limit, std::string user) {
  MUST(limit_ == nullptr);
  limit_ = &limit;
  user_ = std::move(user);
}

bool UserBytes::set(std::size_t bytes) {
  if (limit_ == nullptr || bytes == bytes_) return true;
  if (!limit_->hold_bytes(user_, bytes_, bytes)) return false;
  bytes_ = bytes;
  return true;
}

}  // namespace lockstep
