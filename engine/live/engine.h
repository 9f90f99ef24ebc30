// SPDX-License-Identifier: Apache-2.0
// engine.h: the engine's interface to the server.
//
// The server hands in the changes of fronts and the steps of producers, and the engine calls back
// when they are durable. It answers reads at once, from memory or the local disk. Every input takes
// one road: the thread's lane (lane.h) decides, the log makes the entry durable, `on_commit` folds
// it into the state, and only then calls followers, waiting callers and run hosts.
//
// The engine joins the other files of this folder: it finds the thread (states.h), hands inputs to
// its lane (lane.h), tells followers what became durable (hub.h, feed.h), and answers reads from
// memory or the log (history.h, sync_responder.h).
//
// Owner and id name a thread. It belongs to the user who made it: other users get `unknown_thread`,
// whether it exists or not. A call without a user (nothing) is the administrator's: the binary's
// own agents and tools.
//
// Errors, besides the codes in docs/protocol.md: `unknown_thread` (not_found), `deleted` (gone),
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
#include "engine/live/blob_keeper.h"
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
#include "engine/live/usage_totals.h"
#include "engine/rules/attempt.h"
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

// Drives the runs. The engine calls it after a start or an end is durable and visible.
class RunHost {
 public:
  virtual ~RunHost() = default;
  virtual void started(const AgentName& agent, Context context, std::uint32_t attempt) = 0;
  // The run as it ended. It may never have started, and another process may have written it.
  virtual void ended(const ThreadName& thread, const Run& run) = 0;
  // At a start, before requests: a run of the former process, which another one writes, goes on.
  struct Outlived {
    AgentName agent;
    std::uint32_t attempt = 1;
  };
  virtual void outlived(const ThreadName& /*thread*/, const RunId& /*run*/, Outlived /*was*/) {}
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
    CrashMarker* crash_mark = nullptr;
    // Null: memory is not counted, and no work is refused for lack of it. Outlives the engine and
    // all its answers.
    MemoryAccount* memory = nullptr;
    // Null: long entries are encoded on the strand.
    Offload* offload = nullptr;
    // Called once for each thread, list and feed that can't be read (damage_report.h).
    DamageReport::Tell tell_damage = nullptr;
    // Null: the engine takes every address of a file as it is.
    Blobs* blobs = nullptr;
    Offload* blob_offload = nullptr;  // null: the strand erases files
    std::chrono::microseconds blob_unnamed_max = limits::blob_unnamed_max;
    ReadUsage read_usage = nullptr;  // null: no totals of usage are kept
  };

  // Calls `ready` when the engine takes requests. It does not wait for the mending of threads whose
  // runs a crash has interrupted (mending.h). Fails with `corrupt` if the store can't be read.
  [[nodiscard]] static Result<std::unique_ptr<Engine>> open(Parts parts, RunHost& host,
                                                            Done<Result<void>> ready);
  // The rows that a start reads from the store.
  struct Found {
    Epochs epochs;
    ThreadNumber next_number;
    std::vector<ThreadNumber> quarantined;
    std::vector<ThreadNumber> half_erased;            // deleted, with bytes left in the log
    std::vector<ThreadName> interrupted;              // their open runs have to end
    std::unordered_map<ThreadName, std::string> why;  // the reason, if it is not a crash
    std::vector<std::pair<ThreadNumber, OutsideRuns::One>> outside;  // their runs go on
    std::vector<RowWrite> rows;                                      // the start writes these first
  };
  [[nodiscard]] static Result<Found> look(const Parts& parts);
  [[nodiscard]] static Result<void> look_at_open_runs(const Parts& parts, Found& found);

  Engine(Parts parts, RunHost& host, Found found, Done<Result<void>> ready);
  ~Engine() override;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // --- Sync --------------------------------------------------------------------------------------

  // An error means that nothing was done. The engine makes the ids that the changes leave out.
  void sync(SyncRequest request, Done<Result<SyncReply>> done);

  // Steps of a queued run are answered when the run has started or ended. Steps from a user are
  // refused as `written_here` if this process writes the run; its own steps come with no `user`.
  void write(std::optional<UserId> user, ThreadName thread, StepBatch batch,
             Done<std::expected<StepAck, StepRefusal>> done);

  // Raises the attempt of a running run (attempt.h): durable when `done` is called. Then the host
  // is told of a start again, with the run's context.
  void start_attempt(ThreadName thread, AttemptRequest request,
                     Done<std::expected<StepAck, StepRefusal>> done);
  // What the writers of claimed runs are told, without a wait. Fails like `read`, and with
  // `unknown_run`.
  struct ClaimState {
    AgentName agent;
    RunStatus status = RunStatus::queued;
    std::uint32_t attempt = 1;
    std::uint64_t seq = 0;  // the last step that was taken
    std::string claim;      // the secret of the attempt
    std::string error;      // the code of the run's error; empty: it has none
    Timestamp now;          // of the thread
  };
  [[nodiscard]] Result<ClaimState> claim_state(const ThreadName& thread, const RunId& run);

  // --- Mending -----------------------------------------------------------------------------------

  // False while the thread has open runs from before a crash. Until then reading it fails with
  // `not_ready`, lists show it as not running, and `sync`, `write` and `erase` wait by themselves.
  [[nodiscard]] bool mended(const ThreadName& thread) const { return !mending_.awaits(thread); }
  // Calls `done` when the thread is mended, and mends it before the others.
  void mend(const ThreadName& thread, Done<void> done);

  // --- Following ---------------------------------------------------------------------------------

  // Fails like `read`. After a deletion `entries` fails with `deleted`.
  [[nodiscard]] Result<void> join(const UserId& user, const ThreadName& thread, Follower& follower);
  void leave(const ThreadName& thread, Follower& follower);
  // The entries right after `after`: about `bytes_max`, at least one entry if there is one.
  [[nodiscard]] Result<Slice> entries(const std::optional<UserId>& user, const ThreadName& thread,
                                      Timestamp after, std::size_t bytes_max);
  // Fails with `unknown_history` or `rewound` (both conflict) if the cursor is not of this history.
  [[nodiscard]] Result<void> check_cursor(const std::optional<UserId>& user,
                                          const ThreadName& thread, const Cursor& cursor);

  // --- Reading -----------------------------------------------------------------------------------

  [[nodiscard]] Result<ThreadAt> thread_at(const std::optional<UserId>& user,
                                           const ThreadName& thread, std::optional<Timestamp> at);
  [[nodiscard]] Result<Reading> read(const std::optional<UserId>& user, const ThreadName& thread,
                                     std::optional<Timestamp> at);
  [[nodiscard]] Result<MessagesPage> messages(const UserId& user, const ThreadName& thread,
                                              const PageAsked& page);
  [[nodiscard]] Result<Run> run(const std::optional<UserId>& user, const ThreadName& thread,
                                const RunId& run);
  [[nodiscard]] Result<RunContext> context(const std::optional<UserId>& user,
                                           const ThreadName& thread, const RunId& run);

  // --- Threads -----------------------------------------------------------------------------------

  // `before`: a feed cursor; fails with `unknown_history` if it is not of the feed's history.
  [[nodiscard]] Result<ThreadsPage> threads(const UserId& user, std::optional<std::string> before,
                                            std::uint32_t limit);
  // The latest state of every thread that changed after `after`, in order of change.
  [[nodiscard]] Result<std::vector<FeedItem>> feed(const UserId& user, const std::string& after,
                                                   std::uint32_t limit);
  void join_feed(const UserId& user, Follower& follower);
  void leave_feed(const UserId& user, Follower& follower);
  void erase(const UserId& user, ThreadName thread, Done<Result<void>> done);
  // The sums of the user's runs that ended in `span`, by agent (each key has day 0); of all
  // threads, also deleted ones, or of one.
  [[nodiscard]] Result<UsageMap> usage(const UserId& user, const std::optional<ThreadName>& thread,
                                       UsageSpan span);

  // Which blobs stay: for those who make blobs of what requests bring.
  [[nodiscard]] BlobKeeper& blobs() { return blobs_; }

  // --- Life --------------------------------------------------------------------------------------

  [[nodiscard]] Epoch epoch() const { return rules_.epoch; }
  // Refuses changes and steps from now on, and ends running runs `interrupted`, except those that
  // another process writes. Calls `done` when all is durable.
  void stop(Done<void> done);

 private:
  // --- From below: the log and the lanes ---------------------------------------------------------
  void on_commit(std::span<const Committed> committed);
  ThreadNumber next_number() override;
  [[nodiscard]] ThreadNumber unused_number() const override { return next_number_; }
  [[nodiscard]] bool has_room_for_run(const LiveThread& thread) const override;
  void begins(const LiveThread& thread, const Entry& entry) override;
  void add_rows(const LiveThread& thread, const Entry& entry, bool last,
                std::vector<RowWrite>& rows) override;
  void never_began(const LiveThread& thread, const Entry& entry) override;
  void happened(LiveThread& thread, const Entry& entry) override;
  bool outlives(const LiveThread& thread) const override { return outside_.has(thread.number); }
  void idle(LiveThread& thread) override;

  void begin(Found found, Done<Result<void>> ready);
  void end_interrupted(const ThreadName& thread, Done<void> done);
  void end_silent(const OutsideRuns::One& one);
  // Erases a deleted thread's bytes. A log too damaged for that stays, with its flag, and is
  // reported.
  void erase_bytes(ThreadNumber number, Done<Result<void>> done);
  void erase_entries(ThreadNumber number, std::vector<RowWrite> rows, Done<Result<void>> done);
  // False for other users than the owner: they are refused at once, so they learn nothing of it.
  [[nodiscard]] bool waits_for_mending(const std::optional<UserId>& user,
                                       const ThreadName& thread) const;
  // The thread, if this user may see it and it needs no mending.
  [[nodiscard]] Result<LiveThread*> shown(const std::optional<UserId>& user,
                                          const ThreadName& thread);

  // Is there memory for this many more bytes of input?
  [[nodiscard]] bool has_memory(std::size_t bytes, bool is_new);
  void give_up(std::size_t bytes);

  Lane& lane(LiveThread& thread);
  void start(LiveThread& thread, const RunId& run);
  void start_again(LiveThread& thread, const RunId& run);
  void fail_run(LiveThread& thread, const Error& error);
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
  UsageTotals usage_;
  std::unordered_map<ThreadName, std::string> why_interrupted_;  // reasons other than a crash
  Mending mending_;
  Hub hub_;
  DamageReport damage_;
  History history_;
  SyncResponder responder_;
  BlobKeeper blobs_;  // outlives the lanes, which hold blobs
  States states_;
  Feed feed_;
  Lane::Parts lane_parts_;
  ThreadNumber next_number_;
  bool stopping_ = false;
  Alive alive_;
};

}  // namespace lockstep
