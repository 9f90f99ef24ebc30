// SPDX-License-Identifier: Apache-2.0
// telling_engine.h: an engine whose damage is written down.
//
// It stands between the fronts and the engine and passes everything on. Where an answer is
// `corrupt` it writes one line for the operator, once a thread: the front was told, but a front
// can't mend a disk.
//
// Lives on: the engine strand.
#pragma once

#include <unordered_set>

#include "engine/live/engine.h"
#include "server/base/log_line.h"

namespace lockstep {

class TellingEngine : public Engine {
 public:
  // Requires: both live as long as it is used.
  TellingEngine(Engine& engine, LineLog& log) : engine_(engine), log_(log) {}
  TellingEngine(const TellingEngine&) = delete;
  TellingEngine& operator=(const TellingEngine&) = delete;

  void sync(SyncRequest request, Done<Result<SyncReply>> done) override;
  void write(std::optional<UserId> user, ThreadName thread, StepBatch batch,
             Done<std::expected<StepAck, StepRefusal>> done) override;
  [[nodiscard]] bool mended(const ThreadName& thread) const override {
    return engine_.mended(thread);
  }
  void mend(const ThreadName& thread, Done<void> done) override {
    engine_.mend(thread, std::move(done));
  }
  [[nodiscard]] Result<void> join(const UserId& user, const ThreadName& thread,
                                  Follower& follower) override;
  void leave(const ThreadName& thread, Follower& follower) override;
  [[nodiscard]] Result<Slice> entries(const std::optional<UserId>& user, const ThreadName& thread,
                                      Timestamp after, std::size_t bytes_max) override;
  [[nodiscard]] Result<void> check_cursor(const std::optional<UserId>& user,
                                          const ThreadName& thread, const Cursor& cursor) override;
  [[nodiscard]] Result<Snapshot> snapshot(const std::optional<UserId>& user,
                                          const ThreadName& thread,
                                          std::optional<Timestamp> at) override;
  [[nodiscard]] Result<MessagesPage> messages(const UserId& user, const ThreadName& thread,
                                              const PageAsked& page) override;
  [[nodiscard]] Result<Run> run(const std::optional<UserId>& user, const ThreadName& thread,
                                const RunId& run) override;
  [[nodiscard]] Result<RunContext> context(const std::optional<UserId>& user,
                                           const ThreadName& thread, const RunId& run) override;
  [[nodiscard]] Result<ThreadsPage> threads(const UserId& user, std::optional<std::string> before,
                                            std::uint32_t limit) override;
  [[nodiscard]] Result<std::vector<FeedItem>> feed(const UserId& user, const std::string& after,
                                                   std::uint32_t limit) override;
  void join_feed(const UserId& user, Follower& follower) override;
  void leave_feed(const UserId& user, Follower& follower) override;
  void erase(const UserId& user, ThreadName thread, Done<Result<void>> done) override;
  [[nodiscard]] Epoch epoch() const override { return engine_.epoch(); }
  void stop(Done<void> done) override;

 private:
  void tell(const std::string& what, const Error& error);
  // What the answer is about, and the answer as it was.
  template <class T>
  [[nodiscard]] Result<T> told(const std::string& what, Result<T> answer) {
    if (!answer) tell(what, answer.error());
    return answer;
  }

  Engine& engine_;
  LineLog& log_;
  std::unordered_set<std::string> told_;
};

}  // namespace lockstep
