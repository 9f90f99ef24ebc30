// SPDX-License-Identifier: Apache-2.0
// plan_put.h: plans become messages of threads.
//
// Each message is a `put_message` with `if_absent`, through the engine: what is there already is
// left as it is, so putting a plan again changes nothing; a file may not say two things of one id.
// A thread's requests follow one another; many threads are at it at once, so that they share the
// log's flushes.
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

  // Waits if many are at it already. A thread that is new is its owner's. A plan in which an id
  // stands for two messages, or that would make one thread of two users', is not put at all, and is
  // a problem.
  void put(ThreadPlan plan);
  // Waits for all.
  [[nodiscard]] PutAccount finish();

 private:
  struct Work;
  // How a thread was found when the first of its plans came.
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
