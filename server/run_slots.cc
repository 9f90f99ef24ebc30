// SPDX-License-Identifier: Apache-2.0
#include "server/run_slots.h"

#include <algorithm>
#include <utility>

#include "engine/base/must.h"

namespace lockstep {

bool RunSlots::has_room(const AgentName& agent, Line& line) const {
  line.limit = limit_ ? limit_(agent, line.limit) : std::nullopt;
  return !line.limit || line.at_work < *line.limit;
}

bool RunSlots::ask(const std::string& run, const Place& place) {
  MUST(!known_.contains(run));
  Line& line = lines_[place.agent];
  const bool begins = line.waiting_count == 0 && has_room(place.agent, line);
  known_.emplace(run, Known{place, !begins});
  if (begins) {
    ++line.at_work;
    ++line.held[place.user];
    return true;
  }
  auto& own = line.waiting[place.user];
  if (own.empty()) line.turns.push_back(place.user);
  own.push_back(run);
  ++line.waiting_count;
  return false;
}

void RunSlots::leave(const std::string& run) {
  const auto found = known_.find(run);
  if (found == known_.end()) return;
  const Known known = std::move(found->second);
  known_.erase(found);
  const auto at = lines_.find(known.place.agent);
  MUST(at != lines_.end());
  Line& line = at->second;
  if (known.waits) {
    const auto own = line.waiting.find(known.place.user);
    MUST(own != line.waiting.end());
    std::erase(own->second, run);
    --line.waiting_count;
    if (own->second.empty()) {
      line.waiting.erase(own);
      std::erase(line.turns, known.place.user);
    }
  } else {
    --line.at_work;
    const auto held = line.held.find(known.place.user);
    MUST(held != line.held.end());
    if (--held->second == 0) line.held.erase(held);
  }
  if (line.at_work == 0 && line.waiting_count == 0) lines_.erase(at);
}

std::vector<std::string> RunSlots::take() {
  std::vector<std::string> begins;
  for (auto& [agent, line] : lines_) {
    while (line.waiting_count > 0 && has_room(agent, line)) take_next(line, begins);
  }
  return begins;
}

// The user's next run begins, and the user goes behind the others.
void RunSlots::take_next(Line& line, std::vector<std::string>& begins) {
  const auto turn = std::ranges::min_element(line.turns, {}, [&line](const UserId& user) {
    const auto held = line.held.find(user);
    return held == line.held.end() ? 0 : held->second;
  });
  const UserId user = std::move(*turn);
  line.turns.erase(turn);
  const auto own = line.waiting.find(user);
  MUST(own != line.waiting.end());
  begins.push_back(std::move(own->second.front()));
  own->second.pop_front();
  if (own->second.empty()) {
    line.waiting.erase(own);
  } else {
    line.turns.push_back(user);
  }
  known_.at(begins.back()).waits = false;
  --line.waiting_count;
  ++line.at_work;
  ++line.held[user];
}

bool RunSlots::waits(const std::string& run) const {
  const auto found = known_.find(run);
  return found != known_.end() && found->second.waits;
}

AgentLoad RunSlots::load(const AgentName& agent) const {
  const auto found = lines_.find(agent);
  if (found == lines_.end()) return {};
  return {found->second.at_work, found->second.waiting_count};
}

}  // namespace lockstep
