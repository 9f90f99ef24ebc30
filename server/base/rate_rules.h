// SPDX-License-Identifier: Apache-2.0
// rate_rules.h: the configured limits of one address and of one user.
//
// server/net/rate_limit.h applies them.
#pragma once

#include <cstddef>
#include <vector>

#include "server/base/address_range.h"

namespace lockstep {

struct UserRules {
  double requests_per_second = 0;  // 0: no limit
  double burst = 0;
  std::size_t open_max = 0;   // open requests and streams; 0: no limit
  std::size_t bytes_max = 0;  // bytes of unanswered bodies and messages; 0: no limit
};

struct RateRules {
  double requests_per_second = 0;  // 0: no limit
  double burst = 0;
  std::size_t connections_max = 0;
  bool counts_loopback = false;            // the limits apply to this machine too
  std::vector<AddressRange> proxies = {};  // trusted to name their clients
  UserRules users = {};
};

}  // namespace lockstep
