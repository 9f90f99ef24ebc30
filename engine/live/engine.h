// SPDX-License-Identifier: Apache-2.0
// engine.h: the face of everything that is true.
//
// The server hands in what fronts and producers say, and is called back when it is durable. Reads
// are answered at once, from memory or the local disk. Every input takes one road: the thread's
// lane (lane.h) decides, the log makes durable, `on_commit` folds the states, and then, and only
// then, followers, waiters and run hosts hear of it.
//
// It joins what the other files do: finds the thread (states.h), hands inputs to its lane (lane.h),
// tells followers of what became durable (hub.h, feed.h), and answers reads from memory or the log
// (history.h, sync_responder.h).
//
// A thread is named by its owner and its id. It belongs to the user who made it: to others it is
// `unknown_thread`, whether it is there or not. A user of nothing is the administrator: the
// binary's own agents and tools.
//
// Errors, beside the codes in docs/protocol.md: `unknown_thread` (not_found), `deleted` (gone),
// `unknown_history` (conflict), `overloaded`, `stopping` (overloaded), `corrupt`.
//
// Lives on: the engine strand. `Done`s are called there, never from within the call that took them.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/base/alive.h"
#include "engine/base/executor.h"
#include "engine/base/memory.h"
#include "engine/base/offload.h"
#include "engine/base/time.h"
#include "engine/live/damage_report.h"
#include "engine/live/feed.h"
#include "engine/live/history.h"
#include "engine/live/hub.h"
#include "engine/live/lane.h"
#include "engine/live/mending.h"
#include "engine/live/metrics.h"
#include "engine/live/outside_runs.h"
#include "engine/live/run_shares.h"
#include "engine/live/states.h"
#include "engine/live/sync.h"
#include "engine/live/sync_responder.h"
#include "engine/rules/change.h"
#include "engine/rules/decide.h"
#include "engine/rules/diff.h"
#include "engine/rules/producer.h"
#include "engine/rules/step.h"
#include "engine/store/crash_mark.h"
#include "engine/store/epochs.h"
#include "engine/store/log.h"
#include "engine/store/open_runs.h"

namespace lockstep {

// Who drives runs: called after the start or the end is durable and visible.
class RunHost {
 public:
  virtual ~RunHost() = default;
  virtual void started(const AgentName& agent, Context context, std::uint32_t attempt) = 0;
  // The run as it ended: also one that never started, and one that was written from outside.
  virtual void ended(const ThreadName& thread, const Run& run) = 0;
};

class Engine final : private LaneHost {
 public:
  struct Parts {
    Log& log;
    Store& store;
    Clock& clock;
    Random& random;
    Executor& executor;
    const Agents& agents;
    bool (*is_json_object)(std::string_view text);
    Metrics& metrics;
    OpeningMarker* opening = nullptr;
    // Null: nothing is counted, and no work refused for want of memory. Lives longer than the
    // engine and all that it has answered.
    MemoryAccount* memory = nullptr;
    // Null: long entries are written on the strand.
    Offload* offload = nullptr;
    // Told once of each thread, list and feed that can't be read: a front can't mend a disk.
    DamageReport::Tell tell_damage = nullptr;
  };

  // `ready` is called when requests may be handed in, however many runs a crash has interrupted:
  // their threads are mended behind that. Fails with `corrupt` if the store can't be read.
  [[nodiscard]] static Result<std::unique_ptr<Engine>> open(Parts parts, RunHost& host,
                                                            Done<Result<void>> ready);
  // What the store says of itself at a start.
  struct Found {
    Epochs epochs;
    ThreadNumber next_number;
    std::vector<ThreadNumber> quarantined;
    std::vector<ThreadNumber> half_erased;            // deleted, their bytes not yet gone
    std::vector<ThreadName> interrupted;              // with runs that were open, and end
    std::unordered_map<ThreadName, std::string> why;  // they end, if it was no crash
    std::vector<std::pair<ThreadNumber, OutsideRuns::One>> outside;  // whose runs go on
    std::vector<Row> rows;  // to be written before anything else
  };
  [[nodiscard]] static Result<Found> look(const Parts& parts);
  [[nodiscard]] static Result<void> look_at_open_runs(const Parts& parts, Found& found);

  Engine(Parts parts, RunHost& host, Found found, Done<Result<void>> ready);
  ~Engine() override;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // --- Sync -------------------------------------------------------------------------------------

  // An error means that nothing was done. Ids that the changes leave out are made here.
  void sync(SyncRequest request, Done<Result<SyncReply>> done);

  // Steps of a run that waits for its turn are answered when it has started or ended. Those of a
  // user are refused as `written_here` if the run is written by this process (`user`: nothing).
  void write(std::optional<UserId> user, ThreadName thread, StepBatch batch,
             Done<std::expected<StepAck, StepRefusal>> done);

  // --- Mending ----------------------------------------------------------------------------------

  // Has the thread no open runs that a crash has interrupted? Until then reading it fails with
  // `not_ready`, lists show it as not running, and `sync`, `write` and `erase` wait by themselves.
  [[nodiscard]] bool mended(const ThreadName& thread) const { return !mending_.awaits(thread); }
  // `done` when it is; this thread comes before the others.
  void mend(const ThreadName& thread, Done<void> done);

  // --- Following --------------------------------------------------------------------------------

  // Fails as `read` does. After a deletion `entries` fails with `deleted`.
  [[nodiscard]] Result<void> join(const UserId& user, const ThreadName& thread, Follower& follower);
  void leave(const ThreadName& thread, Follower& follower);
  // What lies right after `after`: about `bytes_max`, at least one entry if there is one.
  [[nodiscard]] Result<Slice> entries(const std::optional<UserId>& user, const ThreadName& thread,
                                      Timestamp after, std::size_t bytes_max);
  // Is the cursor of this thread's history? `unknown_history` or `rewound` (both conflict) if not.
  [[nodiscard]] Result<void> check_cursor(const std::optional<UserId>& user,
                                          const ThreadName& thread, const Cursor& cursor);

  // --- Reading ----------------------------------------------------------------------------------

  [[nodiscard]] Result<Snapshot> snapshot(const std::optional<UserId>& user,
                                          const ThreadName& thread, std::optional<Timestamp> at);
  [[nodiscard]] Result<Reading> read(const std::optional<UserId>& user, const ThreadName& thread,
                                     std::optional<Timestamp> at);
  [[nodiscard]] Result<MessagesPage> messages(const UserId& user, const ThreadName& thread,
                                              const PageAsked& page);
  [[nodiscard]] Result<Run> run(const std::optional<UserId>& user, const ThreadName& thread,
                                const RunId& run);
  [[nodiscard]] Result<RunContext> context(const std::optional<UserId>& user,
                                           const ThreadName& thread, const RunId& run);

  // --- Threads ----------------------------------------------------------------------------------

  // `before`: a feed cursor; fails with `unknown_history` if it is none of this user's.
  [[nodiscard]] Result<ThreadsPage> threads(const UserId& user, std::optional<std::string> before,
                                            std::uint32_t limit);
  // The latest state of every thread that changed after `after`, in order of change.
  [[nodiscard]] Result<std::vector<FeedItem>> feed(const UserId& user, const std::string& after,
                                                   std::uint32_t limit);
  void join_feed(const UserId& user, Follower& follower);
  void leave_feed(const UserId& user, Follower& follower);
  void erase(const UserId& user, ThreadName thread, Done<Result<void>> done);

  // --- Life -------------------------------------------------------------------------------------

  [[nodiscard]] Epoch epoch() const { return rules_.epoch; }
  // No change or step is taken from now on; running runs end `interrupted`, but those that are
  // written from outside. `done` when all is durable.
  void stop(Done<void> done);

 private:
  // --- From below: the log and the lanes ---------------------------------------------------------
  void on_commit(std::span<const Committed> committed);
  ThreadNumber next_number() override;
  [[nodiscard]] ThreadNumber unused_number() const override { return next_number_; }
  [[nodiscard]] bool has_room_for_run(const LiveThread& thread) const override;
  void begins(const LiveThread& thread, const Entry& entry) override;
  void never_began(const LiveThread& thread, const Entry& entry) override;
  void happened(LiveThread& thread, const Entry& entry) override;
  bool outlives(const LiveThread& thread) const override { return outside_.has(thread.number); }
  void idle(LiveThread& thread) override;

  void begin(Found found, Done<Result<void>> ready);
  void end_interrupted(const ThreadName& thread, Done<void> done);
  void end_silent(const OutsideRuns::One& one);
  // Of a thread that was deleted. What is too damaged to be counted stays, marked, and is reported.
  void erase_bytes(ThreadNumber number, Done<Result<void>> done);
  // Others than its owner are refused at once: they hear nothing of it, mended or not.
  [[nodiscard]] bool waits_for_mending(const std::optional<UserId>& user,
                                       const ThreadName& thread) const;
  // For this user, if nothing of it is to be mended.
  [[nodiscard]] Result<LiveThread*> shown(const std::optional<UserId>& user,
                                          const ThreadName& thread);

  // May so many bytes more be taken in?
  [[nodiscard]] bool has_memory(std::size_t bytes, bool is_new);
  void give_up(std::size_t bytes);

  Lane& lane(LiveThread& thread);
  void start(LiveThread& thread, const RunId& run);
  [[nodiscard]] bool written_here(const LiveThread& thread, const RunId& run) const;
  void make_missing_ids(ChangeRequest& request);
  Result<RunContext> context_of(const LiveThread& thread, const ThreadState& state, const Run& run);
  // Answers after the call that asked has returned.
  template <class Answer>
  void later(Done<Answer> done, Answer answer);

  Parts parts_;
  RunHost& host_;
  Epochs epochs_;
  Rules rules_;  // of any thread: without its former epochs
  OutsideRuns outside_;
  RunShares run_shares_;
  std::unordered_map<ThreadName, std::string> why_interrupted_;  // what is to be mended, no crash
  Mending mending_;
  Hub hub_;
  DamageReport damage_;
  History history_;
  Session session_;
  States states_;
  Feed feed_;
  Lane::Parts lane_parts_;
  ThreadNumber next_number_;
  bool stopping_ = false;
  Alive alive_;
};

}  // namespace lockstep
