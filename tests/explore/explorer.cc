// SPDX-License-Identifier: Apache-2.0
#include "tests/explore/explorer.h"

#include <algorithm>
#include <utility>

#include "engine/base/must.h"
#include "tests/explore/laws.h"

namespace lockstep::explore {

// --- Visited worlds ------------------------------------------------------------------------------

std::size_t Visited::slot_of(const Key& key) const {
  std::size_t slot = key.low & (slots_.size() - 1);
  while (slots_[slot] != Key{} && slots_[slot] != key) slot = (slot + 1) & (slots_.size() - 1);
  return slot;
}

bool Visited::add(const Key& key) {
  if (size_ * 3 > slots_.size() * 2) grow();
  Key& slot = slots_[slot_of(key)];
  if (slot == key) return false;
  slot = key;
  ++size_;
  return true;
}

void Visited::grow() {
  std::vector<Key> former(slots_.size() * 2);
  former.swap(slots_);
  for (const Key& key : former) {
    if (key != Key{}) slots_[slot_of(key)] = key;
  }
}

// --- Exploring -----------------------------------------------------------------------------------

Explorer::Explorer(const Bounds& bounds, Deciders deciders)
    : bounds_(bounds), mover_(std::move(deciders)), began_(std::chrono::steady_clock::now()) {
  World first = first_world();
  visited_.add(key_of(first));
  nodes_.emplace_back();
  walk_.push_back({0, std::move(first)});
  progress_.worlds = 1;
  progress_.open = 1;
  progress_.layers = {1};
}

double Explorer::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
}

std::vector<Action> Explorer::path_to(std::uint32_t node) const {
  std::vector<Action> path;
  for (; node != 0; node = nodes_[node].parent) path.push_back(nodes_[node].action);
  std::ranges::reverse(path);
  return path;
}

const World& Explorer::world_of(std::uint32_t node, std::size_t depth) {
  std::vector<std::uint32_t> ahead;
  while (depth >= walk_.size() || walk_[depth].node != node) {
    ahead.push_back(node);
    node = nodes_[node].parent;
    --depth;
  }
  walk_.resize(depth + 1);
  mover_.count(false);
  for (; !ahead.empty(); ahead.pop_back()) {
    World world = walk_.back().world;
    const std::string wrong = mover_.move(world, nodes_[ahead.back()].action);
    MUST(wrong.empty());
    walk_.push_back({ahead.back(), std::move(world)});
  }
  mover_.count(true);
  return walk_.back().world;
}

std::optional<Counterexample> Explorer::go_on_from(std::uint32_t node, std::size_t depth) {
  const World& world = world_of(node, depth);
  for (const Action& action : possible(world, bounds_)) {
    World next = world;
    std::string wrong = mover_.move(next, action);
    ++progress_.transitions;
    const bool fresh = wrong.empty() && visited_.add(key_of(next));
    if (fresh) {
      wrong = law_of_world(next);
      if (wrong.empty()) wrong = mover_.repeat(next);
      nodes_.push_back({node, action});
    }
    if (wrong.empty()) continue;
    std::vector<Action> path = path_to(node);
    path.push_back(action);
    return Counterexample{std::move(wrong), std::move(path)};
  }
  return std::nullopt;
}

std::optional<Counterexample> Explorer::explore(const Limits& limits,
                                                const std::function<void(const Progress&)>& tell) {
  constexpr std::size_t between_looks = 64;  // at the clock
  std::size_t next = nodes_.size() - progress_.open;
  std::optional<Counterexample> found;
  bool late = false;
  while (!found && !late && progress_.depth < limits.depth && progress_.open > 0) {
    const std::size_t end = nodes_.size();
    for (; next < end && !found && !late; ++next) {
      found = go_on_from(static_cast<std::uint32_t>(next), progress_.depth);
      late = limits.seconds > 0 && next % between_looks == 0 && seconds() > limits.seconds;
    }
    progress_.layers.push_back(nodes_.size() - end);
    progress_.open = nodes_.size() - next;
    if (next == end && !found) ++progress_.depth;
    progress_.worlds = nodes_.size();
    progress_.seconds = seconds();
    if (tell) tell(progress_);
  }
  return found;
}

}  // namespace lockstep::explore
