// SPDX-License-Identifier: Apache-2.0
// decide.h: turns changes and steps into events.
//
// These are the rules of the domain, as pure functions: a state, the past that the request has
// seen, the request and a timestamp give events or a refusal. They can't fail, don't wait and read
// no clock. docs/protocol.md explains the rules under "Sync" and "Writing steps"; run.h has the
// life of a run.
//
// `decide` takes the changes of a request in order, each on the state that the ones before it left.
// All of them become one entry. A refused change leaves no events; if it has an op, the entry keeps
// its refusal.
#pragma once

#include <cstdint>
#include <expected>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/rules/agents.h"
#include "engine/rules/blob_names.h"
#include "engine/rules/change.h"
#include "engine/rules/past.h"
#include "engine/rules/state.h"
#include "engine/rules/step.h"

namespace lockstep {

// The facts from outside the thread that decisions need.
struct Rules {
  const Agents& agents;
  // Is this text a complete JSON object? (The engine knows no JSON.)
  bool (*is_json_object)(std::string_view text);
  Epoch epoch;
  std::vector<std::pair<Epoch, Timestamp>>
      former;  // earlier epochs, each up to its last timestamp kept here
  // Do the running runs of the thread's user leave room for one more? (run_shares.h)
  bool room_for_run = true;
  // Addresses in the changes that mean a blob which the user does not have (blob_names.h).
  MissingBlobs missing_blobs = {};
};

struct Decision {
  Entry entry;                          // to append, if it `leaves_trace`
  std::vector<Outcome> outcomes;        // one a change, in order
  std::vector<AgentSettings> settings;  // starts in the entry refer to them by hash
  [[nodiscard]] bool leaves_trace() const {
    return !entry.events.empty() || !entry.acks.empty() || entry.producer.has_value();
  }
};

// The timestamps of the pasts that `decide` will need: those that the changes have seen, if earlier
// than now.
[[nodiscard]] std::vector<Timestamp> pasts_needed(const ThreadState& state,
                                                  const ChangeRequest& request, const Rules& rules);

// Requires: `pasts` has all of `pasts_needed`; `at` is later than `state.now`; a request with ops
// has a device.
[[nodiscard]] Decision decide(const ThreadState& state, const Pasts& pasts,
                              const ChangeRequest& request, Timestamp at, const Rules& rules);

// Steps of the running run become events; adjacent appends to one part become one event. Steps that
// were taken before are skipped. Requires: the run is not queued (its batches wait in the lane).
[[nodiscard]] std::expected<Decision, StepRefusal> decide(const ThreadState& state,
                                                          const StepBatch& batch, Timestamp at,
                                                          const Rules& rules);

// After a crash, at a shutdown, or for a deletion: ends every open run `interrupted` and keeps all
// that was written. Queued runs keep their input. Requires: `at` is later than `state.now`.
[[nodiscard]] Decision interrupt(const ThreadState& state, const RunError& why, Timestamp at,
                                 const Rules& rules);

// Is this cursor of this history: of a known epoch, not after that epoch's end, and not after
// `now`?
enum class CursorCheck : std::uint8_t { good, rewound, unknown };
[[nodiscard]] CursorCheck check(const Cursor& cursor, Timestamp now, const Rules& rules);

}  // namespace lockstep
