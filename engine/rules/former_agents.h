// SPDX-License-Identifier: Apache-2.0
// former_agents.h: the agents that runs had before a fallback took over, and why they were given
// up.
//
// The state of a run has only the present agent. The event `AttemptStarted` has the error of the
// one before it, so a reader of the entries finds them all: of a run, the first one first.
#pragma once

#include <map>
#include <vector>

#include "engine/rules/event.h"

namespace lockstep {

struct FormerAgent {
  AgentName agent;
  RunError error;
  friend bool operator==(const FormerAgent&, const FormerAgent&) = default;
};

class FormerAgents {
 public:
  // Requires: entries come in order, for each run from the one that queued it.
  void read(const Entry& entry) {
    for (const Event& event : entry.events) {
      if (const auto* queued = std::get_if<RunQueued>(&event)) {
        present_[queued->run] = queued->agent;
      } else if (const auto* attempt = std::get_if<AttemptStarted>(&event)) {
        AgentName& present = present_[attempt->run];
        if (attempt->error) former_[attempt->run].push_back({present, *attempt->error});
        present = attempt->agent;
      }
    }
  }
  [[nodiscard]] std::vector<FormerAgent> of(const RunId& run) const {
    const auto found = former_.find(run);
    return found == former_.end() ? std::vector<FormerAgent>() : found->second;
  }

 private:
  std::map<RunId, AgentName> present_;
  std::map<RunId, std::vector<FormerAgent>> former_;
};

}  // namespace lockstep
