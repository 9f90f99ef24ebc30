// SPDX-License-Identifier: Apache-2.0
// claim_pool.h: the runs that workers may claim, and whose turn is next.
//
// A run of an agent of kind `worker` waits here until a worker takes it. A worker names its agents,
// and one worker may serve several. The rules, which the tests check over random histories:
//
//   match    a worker gets a run of an agent that it named
//   no gap   it gets one if any such run waits
//   user     the next run is of the user who has the fewest at work, and among those of the one who
//            got a worker longest ago. So a user with many runs does not hold up the others
//   order    a user's own runs of these agents go first come, first served; a run that comes back,
//            because its worker was lost, has its old place
//
// Lives on: the engine strand. It knows no clock: a pure machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>

#include "engine/base/ids.h"
#include "engine/rules/agent_face.h"

namespace lockstep {

class ClaimPool {
 public:
  struct Place {
    AgentName agent;
    UserId user;
  };

  // The run waits. Requires: it is not known.
  void put(const std::string& run, const Place& place);
  // The next run of these agents; it is at work from now on.
  [[nodiscard]] std::optional<std::string> take(std::span<const AgentName> agents);
  // A run at work waits again. Requires: it is at work.
  void again(const std::string& run);
  // A run that waits is at work. Requires: it waits.
  void hold(const std::string& run);
  // The run is over. Does nothing if it is not known.
  void leave(const std::string& run);

  [[nodiscard]] bool waits(const std::string& run) const;
  [[nodiscard]] AgentLoad load(const AgentName& agent) const;

 private:
  struct Known {
    Place place;
    std::uint64_t arrival = 0;
    bool waits = true;
  };
  struct User {
    std::size_t runs = 0;  // all that are known; never 0
    std::size_t at_work = 0;
    std::uint64_t last_turn = 0;  // 0: none yet
  };
  using Line = std::map<UserId, std::map<std::uint64_t, std::string>>;  // never empty for a user

  void wait(const std::string& run, const Known& known);
  void wait_no_more(const Known& known);

  std::unordered_map<std::string, Known> known_;
  std::map<AgentName, Line> waiting_;  // by arrival; never empty for an agent
  std::map<AgentName, AgentLoad> loads_;
  std::map<UserId, User> users_;
  std::uint64_t arrivals_ = 0;
  std::uint64_t turns_ = 0;
};

}  // namespace lockstep
