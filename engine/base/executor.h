// SPDX-License-Identifier: Apache-2.0
// executor.h: all that the engine knows of operating system threads.
//
// An executor is a strand: posted tasks run one after another, never inside the call that posted
// them. The engine lives on one strand, and the log's committer posts to it. In the server the
// strand is the I/O loop, in a test it is a queue that the test steps by hand.
#pragma once

#include <chrono>
#include <functional>

namespace lockstep {

class Executor {
 public:
  using Task = std::move_only_function<void()>;

  virtual ~Executor() = default;
  // May be called from any thread.
  virtual void post(Task task) = 0;
  virtual void post_after(std::chrono::microseconds delay, Task task) = 0;
  // Is the caller on this strand?
  [[nodiscard]] virtual bool runs_here() const = 0;
};

}  // namespace lockstep
