// SPDX-License-Identifier: Apache-2.0
// lane.h: the only writer of one thread.
//
// The inputs for a thread, from fronts, producers and the engine itself, wait here in one queue.
// One append is in flight. When it is durable, the lane decides the next input on the state that it
// left:
//
//   waiting ──decide──> entry ──append──> durable
//                                            └──> fold ──> followers ──> answers ──> run host
//                                               (States)     (Hub)
//
// Between decide and append, another thread (offload.h) encodes a long entry and its rows. Its lane
// waits for that; other lanes don't.
//
// The changes of a request get an entry of their own. Batches of steps of one run that wait next to
// each other become one entry: so tokens merge exactly as much as the disk needs. Steps of a queued
// run are set aside (parked) until the run has started or ended.
//
// If another writer has appended to the thread (`conflict`), the lane reloads the state and decides
// the input again.
//
// Lives on: the engine strand.
#pragma once

#include <cstddef>
#include <deque>
#include <expected>
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
#include "engine/live/blob_keeper.h"
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
    const SyncResponder& responder;
    const Rules& rules;
    Metrics& metrics;
    LaneHost& host;
    BlobKeeper& blobs;
    MemoryAccount* memory = nullptr;
    Offload* offload = nullptr;  // null: every entry is encoded on the strand
    SipKey step_key = {};        // random, new at each start
  };
  Lane(LiveThread& thread, const Parts& parts);
  ~Lane();
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  // May this many more bytes wait? If not, the input is refused (backpressure).
  [[nodiscard]] bool has_room(std::size_t bytes) const;
  void push(LaneInput input, std::size_t bytes);
  [[nodiscard]] bool idle() const;

 private:
  struct Waiting {
    LaneInput input;
    LaneLoad load;
    Charge held;
  };
  // The entry in flight, and the inputs that wait for it.
  struct Job {
    std::shared_ptr<const Entry> entry;
    std::vector<Waiting> inputs;
    std::vector<Outcome> outcomes;
    std::uint64_t known_seq = 0;  // of the steps' run, before this entry
    bool snapshot = false;        // the stored snapshot shows this entry
    bool listed = false;          // the thread's place in the feed is this entry's
    bool tombstone = false;
    bool beside = false;          // the entry is long: another thread encodes it
    BlobKeeper::Hold blobs = {};  // those that the entry names
    Timestamp began;
  };

  void schedule();
  void work();
  void handle(Waiting next);
  // `input` is the one in `next`. Moves from `next` if the input has to wait.
  void handle(Waiting& next, ChangesInput& input);
  void handle(Waiting& next, StepsInput& input);
  void handle(Waiting& next, InterruptInput& input);
  void handle(Waiting& next, EraseInput& input);
  void handle(Waiting& next, AttemptInput& input);
  [[nodiscard]] std::expected<Decision, StepRefusal> decide_steps(const StepBatch& batch,
                                                                  std::uint64_t known_seq);
  // Moves waiting batches that can share an entry with the one in `inputs` there, and returns them
  // merged. Nothing: it stays alone.
  [[nodiscard]] std::optional<StepBatch> gather(std::vector<Waiting>& inputs);
  void give_back(std::vector<Waiting>& inputs, std::size_t keep);
  // The refusal if repeated steps differ from those that were taken; nothing if they are the same.
  [[nodiscard]] std::optional<StepRefusal> differs(const RunState* row, const StepBatch& batch);
  void refuse_steps(Waiting& waiting, StepRefusal refusal);
  void refuse_for_good(Waiting& waiting, StepRefusal refusal);
  void refuse_unread(Waiting& waiting, const RunState* row);
  [[nodiscard]] Timestamp next_at();

  void append(Decision decision, Job job);
  void hand_over(WrittenEntry written);
  void appended(Result<CommitNumber> result);
  void happened(Job done);
  // If the digests for the answers take long, has another thread compute them; else returns false.
  [[nodiscard]] bool digest_beside();
  void digested(const DigestWork& digests);
  void failed(Job done, const Error& error);
  void answer(Job done);
  void answer(ChangesInput& input, Job& done);
  void answer(StepsInput& input, Job& done);
  void answer(InterruptInput& input, Job& done);
  void answer(EraseInput& input, Job& done);
  void answer(AttemptInput& input, Job& done);
  void refuse(Job done, const Error& error);
  void release_parked();
  void refuse_parked(const Error& error);
  [[nodiscard]] bool applies(const InterruptInput& input) const;

  LiveThread& thread_;
  const Parts& parts_;
  std::size_t bytes_ = 0;  // of all inputs here; each LaneLoad adds and subtracts its own
  std::deque<Waiting> waiting_;
  std::deque<Waiting> parked_;  // steps of queued runs
  StepMemory steps_;            // of the run that is running, or ran last
  std::optional<Job> in_flight_;
  bool working_ = false;
  bool scheduled_ = false;
  Alive alive_;
};

}  // namespace lockstep
