// SPDX-License-Identifier: Apache-2.0
// plan_put.h: puts the messages of plans into threads.
//
// Each message becomes a `put_message` with `if_absent`, which the engine decides like any change.
// It keeps messages that exist, so a second import of a plan changes nothing. Two messages of a
// file must not have the same id. The requests of a thread follow one another; many threads run at
// the same time, so that they share the log's flushes.
//
// Lives on: the main thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "tools/forms/plan.h"
#include "tools/store/writing.h"

namespace lockstep {

struct PutAccount {
  std::uint64_t threads = 0;
  std::uint64_t threads_new = 0;
  std::uint64_t messages = 0;
  std::uint64_t messages_new = 0;
  std::vector<std::string> problems;  // each names its thread
};

class PlanPutter {
 public:
  // Requires: both outlive it.
  PlanPutter(StoreWriter& writer, Engine& engine);
  ~PlanPutter();
  PlanPutter(const PlanPutter&) = delete;
  PlanPutter& operator=(const PlanPutter&) = delete;

  // Waits if many threads are running. Refuses the whole plan, and counts a problem, if two of its
  // messages have the same id, or if it would merge the threads of two users.
  void put(ThreadPlan plan);
  // Waits for all plans.
  [[nodiscard]] PutAccount finish();

 private:
  struct Work;
  // The thread in the store when its first plan came: missing, there, or another user's thread.
  enum class Found { none, there, of_another };
  [[nodiscard]] std::string what_forbids(const ThreadPlan& plan, const Screen* there);
  void next(const std::shared_ptr<Work>& work);
  void answered(const std::shared_ptr<Work>& work, Result<SyncReply> reply);
  void end(const std::shared_ptr<Work>& work);
  void wait_until_at_most(std::size_t count);

  StoreWriter& writer_;
  Engine& engine_;
  PutAccount account_;
  std::unordered_set<ThreadName> busy_;
  std::unordered_map<ThreadName, Found> found_;
  bool moved_ = false;
};

}  // namespace lockstep
