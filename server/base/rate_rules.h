// SPDX-License-Identifier: Apache-2.0
// rate_rules.h: the limits of one address and of one user, as the configuration gives them.
//
// rate_limit.h, in server/net, keeps to them.
#pragma once

#include <cstddef>
#include <vector>

#include "server/base/address_range.h"

namespace lockstep {

struct UserRules {
  double requests_per_second = 0;  // 0: no limit
  double burst = 0;
  std::size_t open_max = 0;   // requests and streams at one time; 0: no limit
  std::size_t bytes_max = 0;  // of bodies and messages that came and are not answered; 0: no limit
};

struct RateRules {
  double requests_per_second = 0;  // 0: no limit
  double burst = 0;
  std::size_t connections_max = 0;
  bool counts_loopback = false;            // this machine counts like any other
  std::vector<AddressRange> proxies = {};  // trusted to say for whom they ask
  UserRules users = {};
};

}  // namespace lockstep
