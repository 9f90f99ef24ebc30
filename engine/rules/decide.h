// SPDX-License-Identifier: Apache-2.0
// decide.h: what a change or a step turns into.
//
// All rules of the domain, pure: state, the past that the request has seen, the request and a
// timestamp give events, or a refusal. Nothing here fails, waits, or looks at a clock. The rules
// are those of docs/protocol.md under "Sync" and "Writing steps"; run.h holds the life of a run.
//
// The changes of a request are taken in order, each on the state that the former have left, and
// become one entry. A refused change leaves no events, only the memory of its refusal if it has an
// op.
#pragma once

#include <cstdint>
#include <expected>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/rules/agents.h"
#include "engine/rules/change.h"
#include "engine/rules/past.h"
#include "engine/rules/state.h"
#include "engine/rules/step.h"

namespace lockstep {

// What decisions need to know of the world outside the thread.
struct Rules {
  const Agents& agents;
  // Is this text a complete JSON object? (The engine knows no JSON.)
  bool (*is_json_object)(std::string_view text);
  Epoch epoch;
  std::vector<std::pair<Epoch, Timestamp>> former;  // earlier epochs, and what is kept of each here
  // Is there room for a run that this process writes, beside its user's others? (run_shares.h)
  bool room_for_run = true;
};

struct Decision {
  Entry entry;                          // without events and acks: nothing is to be appended
  std::vector<Outcome> outcomes;        // one a change, in order
  std::vector<AgentSettings> settings;  // what the starts in the entry refer to by hash
  [[nodiscard]] bool leaves_trace() const {
    return !entry.events.empty() || !entry.acks.empty() || entry.producer.has_value();
  }
};

// The timestamps of the pasts that `decide` will look into: all that is seen before now.
[[nodiscard]] std::vector<Timestamp> pasts_needed(const ThreadState& state,
                                                  const ChangeRequest& request, const Rules& rules);

// Requires: `pasts` holds all that are needed; `at` is later than `state.now`.
[[nodiscard]] Decision decide(const ThreadState& state, const Pasts& pasts,
                              const ChangeRequest& request, Timestamp at, const Rules& rules);

// Steps of the running run become events; adjacent appends to one part become one. Steps known
// already are passed over. A batch for a queued run must wait until the run starts or ends.
[[nodiscard]] std::expected<Decision, StepRefusal> decide(const ThreadState& state,
                                                          const StepBatch& batch, Timestamp at,
                                                          const Rules& rules);

// Every open run ends `interrupted`, all that was shown is kept: after a crash, or at a shutdown.
// Those that wait keep their input.
[[nodiscard]] Decision interrupt(const ThreadState& state, const RunError& why, Timestamp at,
                                 const Rules& rules);

// Is this cursor of this history: of an epoch that is known, not beyond its cut, not ahead of
// `now`?
enum class CursorCheck : std::uint8_t { good, rewound, unknown };
[[nodiscard]] CursorCheck check(const Cursor& cursor, Timestamp now, const Rules& rules);

}  // namespace lockstep
