// SPDX-License-Identifier: Apache-2.0
// engine_local.h: the engine of one machine.
//
// Joins what the other files do: finds the thread (states.h), hands inputs to its lane (lane.h),
// tells followers of what became durable (hub.h, feed.h), and answers reads from memory or the log
// (history.h, session.h). `on_commit` is its heart: nothing is shown that did not come through it.
//
// Lives on: the engine strand.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/live/engine.h"
#include "engine/live/feed.h"
#include "engine/live/history.h"
#include "engine/live/hub.h"
#include "engine/live/lane.h"
#include "engine/live/mending.h"
#include "engine/live/outside_runs.h"
#include "engine/live/run_shares.h"
#include "engine/live/session.h"
#include "engine/live/states.h"
#include "engine/rules/decide.h"
#include "engine/store/epochs.h"
#include "engine/store/run_queue.h"

namespace lockstep {

class LocalEngine final : public Engine, private LaneHost {
 public:
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

  LocalEngine(Parts parts, RunHost& host, Found found, Done<Result<void>> ready);
  ~LocalEngine() override;
  LocalEngine(const LocalEngine&) = delete;
  LocalEngine& operator=(const LocalEngine&) = delete;

  void sync(SyncRequest request, Done<Result<SyncReply>> done) override;
  void write(std::optional<UserId> user, ThreadName thread, StepBatch batch,
             Done<std::expected<StepAck, StepRefusal>> done) override;

  bool mended(const ThreadName& thread) const override { return !mending_.awaits(thread); }
  void mend(const ThreadName& thread, Done<void> done) override;

  Result<void> join(const UserId& user, const ThreadName& thread, Follower& follower) override;
  void leave(const ThreadName& thread, Follower& follower) override;
  Result<Slice> entries(const std::optional<UserId>& user, const ThreadName& thread,
                        Timestamp after, std::size_t bytes_max) override;
  Result<void> check_cursor(const std::optional<UserId>& user, const ThreadName& thread,
                            const Cursor& cursor) override;

  Result<Snapshot> snapshot(const std::optional<UserId>& user, const ThreadName& thread,
                            std::optional<Timestamp> at) override;
  Result<MessagesPage> messages(const UserId& user, const ThreadName& thread,
                                const PageAsked& asked) override;
  Result<Run> run(const std::optional<UserId>& user, const ThreadName& thread,
                  const RunId& run) override;
  Result<RunContext> context(const std::optional<UserId>& user, const ThreadName& thread,
                             const RunId& run) override;

  Result<ThreadsPage> threads(const UserId& user, std::optional<std::string> before,
                              std::uint32_t limit) override;
  Result<std::vector<FeedItem>> feed(const UserId& user, const std::string& after,
                                     std::uint32_t limit) override;
  void join_feed(const UserId& user, Follower& follower) override;
  void leave_feed(const UserId& user, Follower& follower) override;
  void erase(const UserId& user, ThreadName thread, Done<Result<void>> done) override;

  Epoch epoch() const override { return rules_.epoch; }
  void stop(Done<void> done) override;

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
  Result<RunContext> context_of(const LiveThread& thread, const ThreadState& state,
                                const Run& run) const;
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
  History history_;
  Session session_;
  States states_;
  Feed feed_;
  Lane::Parts lane_parts_;
  ThreadNumber next_number_;
  bool stopping_ = false;
  std::shared_ptr<bool> alive_;  // what the log calls back asks it first
};

}  // namespace lockstep
