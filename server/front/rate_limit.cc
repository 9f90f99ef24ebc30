#include "server/front/rate_limit.h"

#include <algorithm>
#include <iterator>

#include "engine/must.h"
#include "server/auth.h"
#include "server/limits.h"

namespace lockstep {

bool RateLimit::counts(const std::string& address) const {
  return rules_.counts_loopback || !is_loopback(address);
}

bool RateLimit::connected(const std::string& address) {
  if (!counts(address)) return true;
  auto found = addresses_.find(address);
  if (found == addresses_.end()) {
    if (addresses_.size() >= limits::addresses_max) return false;
    found = addresses_.emplace(address, Account{rules_.burst, {}, 0}).first;
  }
  if (found->second.connections >= rules_.connections_max) return false;
  ++found->second.connections;
  return true;
}

void RateLimit::disconnected(const std::string& address) {
  if (!counts(address)) return;
  const auto found = addresses_.find(address);
  MUST(found != addresses_.end());
  MUST(found->second.connections > 0);
  --found->second.connections;
}

void RateLimit::refill(Account& account, Tick now) const {
  const auto seconds = static_cast<double>((now - account.filled).count());
  account.tokens = std::min(rules_.burst, account.tokens + seconds * rules_.requests_per_second);
  account.filled = now;
}

bool RateLimit::may_ask(const std::string& address, Tick now) {
  if (rules_.requests_per_second <= 0 || !counts(address)) return true;
  const auto found = addresses_.find(address);
  if (found == addresses_.end()) return true;
  refill(found->second, now);
  if (found->second.tokens < 1) return false;
  found->second.tokens -= 1;
  return true;
}

void RateLimit::sweep(Tick now) {
  for (auto entry = addresses_.begin(); entry != addresses_.end();) {
    refill(entry->second, now);
    const bool owes_nothing =
        entry->second.connections == 0 && entry->second.tokens >= rules_.burst;
    entry = owes_nothing ? addresses_.erase(entry) : std::next(entry);
  }
}

}  // namespace lockstep
