// SPDX-License-Identifier: Apache-2.0
#include "server/claim_pool.h"

#include <tuple>
#include <utility>

#include "engine/base/must.h"

namespace lockstep {

void ClaimPool::put(const std::string& run, const Place& place) {
  const auto [at, fresh] = known_.emplace(run, Known{place, ++arrivals_, true});
  MUST(fresh);
  ++users_[place.user].runs;
  wait(run, at->second);
}

void ClaimPool::wait(const std::string& run, const Known& known) {
  waiting_[known.place.agent][known.place.user].emplace(known.arrival, run);
  ++loads_[known.place.agent].waiting;
}

void ClaimPool::wait_no_more(const Known& known) {
  const auto line = waiting_.find(known.place.agent);
  MUST(line != waiting_.end());
  const auto own = line->second.find(known.place.user);
  MUST(own != line->second.end());
  own->second.erase(known.arrival);
  if (own->second.empty()) line->second.erase(own);
  if (line->second.empty()) waiting_.erase(line);
  --loads_.at(known.place.agent).waiting;
}

std::optional<std::string> ClaimPool::take(std::span<const AgentName> agents) {
  using Turn = std::tuple<std::size_t, std::uint64_t, std::uint64_t>;
  std::optional<std::pair<Turn, std::string>> next;
  for (const AgentName& agent : agents) {
    const auto line = waiting_.find(agent);
    if (line == waiting_.end()) continue;
    for (const auto& [name, runs] : line->second) {
      const User& user = users_.at(name);
      const auto& [arrival, run] = *runs.begin();
      const Turn turn{user.at_work, user.last_turn, arrival};
      if (!next || turn < next->first) next.emplace(turn, run);
    }
  }
  if (!next) return {};
  hold(next->second);
  users_.at(known_.at(next->second).place.user).last_turn = ++turns_;
  return std::move(next->second);
}

void ClaimPool::again(const std::string& run) {
  Known& known = known_.at(run);
  MUST(!known.waits);
  known.waits = true;
  --users_.at(known.place.user).at_work;
  --loads_.at(known.place.agent).running;
  wait(run, known);
}

void ClaimPool::hold(const std::string& run) {
  Known& known = known_.at(run);
  MUST(known.waits);
  wait_no_more(known);
  known.waits = false;
  ++users_.at(known.place.user).at_work;
  ++loads_.at(known.place.agent).running;
}

void ClaimPool::leave(const std::string& run) {
  const auto found = known_.find(run);
  if (found == known_.end()) return;
  const Known known = std::move(found->second);
  known_.erase(found);
  const auto user = users_.find(known.place.user);
  const auto load = loads_.find(known.place.agent);
  MUST(user != users_.end() && load != loads_.end());
  if (known.waits) {
    wait_no_more(known);
  } else {
    --user->second.at_work;
    --load->second.running;
  }
  if (--user->second.runs == 0) users_.erase(user);
  if (load->second == AgentLoad()) loads_.erase(load);
}

bool ClaimPool::waits(const std::string& run) const {
  const auto found = known_.find(run);
  return found != known_.end() && found->second.waits;
}

AgentLoad ClaimPool::load(const AgentName& agent) const {
  const auto found = loads_.find(agent);
  return found == loads_.end() ? AgentLoad() : found->second;
}

}  // namespace lockstep
