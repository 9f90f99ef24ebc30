// SPDX-License-Identifier: Apache-2.0
// lane.h: the only writer of one thread.
//
// What fronts, producers and the engine itself want of a thread waits here in one queue. One append
// is in flight; when it is durable, the next input is decided on the state that it left:
//
//   waiting ──decide──> entry ──append──> durable
//                                            └──> fold ──> followers ──> answers ──> run host
//                                               (States)     (Hub)
//
// A long entry is written (encoded, with its rows) beside the strand, in the place between decide
// and append; so its lane waits for it, and no other does.
//
// A request's changes are an entry of their own. Batches of steps of one run that wait next to each
// other become one entry: so tokens merge exactly as much as the disk needs. Steps of a run that
// waits for its turn are set aside until it has started or ended.
//
// If somebody else has written to the thread (`conflict`), it is read anew and the input decided
// again.
//
// Lives on: the engine strand.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "engine/base/alive.h"
#include "engine/base/executor.h"
#include "engine/base/memory.h"
#include "engine/base/offload.h"
#include "engine/base/time.h"
#include "engine/live/entry_rows.h"
#include "engine/live/history.h"
#include "engine/live/hub.h"
#include "engine/live/lane_host.h"
#include "engine/live/lane_input.h"
#include "engine/live/metrics.h"
#include "engine/live/states.h"
#include "engine/live/step_memory.h"
#include "engine/live/sync.h"
#include "engine/live/sync_responder.h"
#include "engine/rules/decide.h"
#include "engine/store/log.h"

namespace lockstep {

class Lane {
 public:
  struct Parts {
    Log& log;
    const Store& store;
    Clock& clock;
    Executor& executor;
    States& states;
    const History& history;
    const Session& session;
    const Rules& rules;
    Metrics& metrics;
    LaneHost& host;
    MemoryAccount* memory = nullptr;
    Offload* offload = nullptr;  // null: every entry is written on the strand
    SipKey step_key = {};        // drawn at the start
  };
  Lane(LiveThread& thread, const Parts& parts);
  ~Lane();
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  // May so many more bytes wait?
  [[nodiscard]] bool has_room(std::size_t bytes) const;
  void push(LaneInput input, std::size_t bytes);
  [[nodiscard]] bool idle() const;

 private:
  struct Waiting {
    LaneInput input;
    LaneLoad load;
    Charge held;
  };
  // What the entry in flight is about, and who waits for it.
  struct InFlight {
    std::shared_ptr<const Entry> entry;
    std::vector<Waiting> inputs;
    std::vector<Outcome> outcomes;
    std::uint64_t known_seq = 0;  // of the steps' run, before this entry
    bool views = false;           // the stored views show this entry
    bool listed = false;          // the thread's place in the feed is this entry's
    bool tombstone = false;
    bool beside = false;  // it is too long to be written in a turn of the strand
    Timestamp began;
  };

  void schedule();
  void work();
  void take(Waiting next);
  // `input` is the one in `next`, which is moved from if it has to wait.
  void take(Waiting& next, ChangesInput& input);
  void take(Waiting& next, StepsInput& input);
  void take(Waiting& next, InterruptInput& input);
  void take(Waiting& next, EraseInput& input);
  // Moves the batches that can share an entry with the one in `inputs` there; all as one. Nothing:
  // it stays alone.
  [[nodiscard]] std::optional<StepBatch> gather(std::vector<Waiting>& inputs);
  void give_back(std::vector<Waiting>& inputs, std::size_t keep);
  // Why steps that are known already are not those that were taken; nothing if they are.
  [[nodiscard]] std::optional<StepRefusal> differs(const RunRow* row, const StepBatch& batch);
  void refuse_steps(Waiting& waiting, StepRefusal refusal);
  void refuse_for_good(Waiting& waiting, StepRefusal refusal);
  void refuse_unread(Waiting& waiting, const RunRow* row);
  [[nodiscard]] Timestamp next_at();

  void append(Decision decision, InFlight in_flight);
  void hand_over(WrittenEntry written);
  void appended(Result<CommitNumber> result);
  void happened(InFlight done);
  // Makes the digests that the answers will ask for beside the strand, if they take long; false if
  // they do not.
  [[nodiscard]] bool digest_beside();
  void digested(const DigestWork& digests);
  void finish(InFlight done);
  void failed(InFlight done, const Error& error);
  void answer(InFlight done);
  void answer(ChangesInput& input, InFlight& done);
  void answer(StepsInput& input, InFlight& done);
  void answer(InterruptInput& input, InFlight& done);
  void answer(EraseInput& input, InFlight& done);
  void refuse(InFlight done, const Error& error);
  void release_parked();
  void refuse_parked(const Error& error);
  [[nodiscard]] bool applies(const InterruptInput& input) const;

  LiveThread& thread_;
  const Parts& parts_;
  std::size_t bytes_ = 0;  // of all inputs here, which count themselves
  std::deque<Waiting> waiting_;
  std::deque<Waiting> parked_;  // steps of runs that wait for their turn
  StepMemory steps_;            // of the run that is being written, or was last
  std::optional<InFlight> in_flight_;
  bool working_ = false;
  bool scheduled_ = false;
  Alive alive_;
};

}  // namespace lockstep
