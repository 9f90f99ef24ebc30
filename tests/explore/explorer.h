// SPDX-License-Identifier: Apache-2.0
// explorer.h: visits every possible world, in the order of its distance from the first.
//
// The search is breadth-first and visits each world once, so it reaches a broken law by a shortest
// path. Of a visited world it keeps only the key, the action that led to it and the world before
// it. To leave a layer, it makes that layer's worlds again by walking the tree of actions in its
// own order, where each world is one or a few actions away from the one before it. So memory is
// about 40 bytes a world, and time is the limit.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "tests/explore/canon.h"
#include "tests/explore/moves.h"

namespace lockstep::explore {

// The keys of all worlds that were visited.
class Visited {
 public:
  Visited() : slots_(first_slots) {}
  // Was it new?
  bool add(const Key& key);
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  static constexpr std::size_t first_slots = std::size_t{1} << 16;

  std::size_t slot_of(const Key& key) const;
  void grow();

  std::vector<Key> slots_;  // a power of two; a key of zero is an empty slot
  std::size_t size_ = 0;
};

struct Counterexample {
  std::string what;
  std::vector<Action> path;
};

struct Progress {
  std::uint32_t depth = 0;  // all worlds at this distance, and nearer, were found and checked
  std::uint64_t worlds = 0;
  std::uint64_t transitions = 0;
  std::uint64_t open = 0;  // of the deepest layer: worlds that were not gone on from
  double seconds = 0;
  std::vector<std::uint64_t> layers;  // by distance: how many worlds
};

struct Limits {
  std::uint32_t depth = 0;
  double seconds = 0;  // 0: no limit
};

class Explorer {
 public:
  Explorer(const Bounds& bounds, Deciders deciders);
  Explorer(const Explorer&) = delete;
  Explorer& operator=(const Explorer&) = delete;

  // Runs until it reaches a limit, finds no new world, or finds a broken law. `tell`: called
  // after each layer, may be null.
  std::optional<Counterexample> explore(const Limits& limits,
                                        const std::function<void(const Progress&)>& tell);

  [[nodiscard]] const Progress& progress() const { return progress_; }
  [[nodiscard]] const Counts& counts() const { return mover_.counts(); }

 private:
  struct Node {
    std::uint32_t parent = 0;
    Action action;
  };
  struct Step {
    std::uint32_t node = 0;
    World world;
  };

  // The world of a node; starts from the result of the last call.
  const World& world_of(std::uint32_t node, std::size_t depth);
  std::optional<Counterexample> go_on_from(std::uint32_t node, std::size_t depth);
  [[nodiscard]] std::vector<Action> path_to(std::uint32_t node) const;
  [[nodiscard]] double seconds() const;

  Bounds bounds_;
  Mover mover_;
  Visited visited_;
  std::vector<Node> nodes_;
  std::vector<Step> walk_;  // from the first world to the result of the last call
  Progress progress_;
  std::chrono::steady_clock::time_point began_;
};

}  // namespace lockstep::explore
