// SPDX-License-Identifier: Apache-2.0
// background.h: a thread for work that would block the strand.
//
// Parsing a large body, or encoding a large entry, takes tens of milliseconds, in which the strand
// could not answer other clients. One thread next to the strand does such work, piece after piece:
// a value goes in, a value comes back, and nothing is shared. After the destructor no `then` runs,
// also for work that has begun.
//
// Lives on: the engine strand.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "engine/base/offload.h"

namespace boost::asio {
class io_context;
}

namespace lockstep {

class Background : public Offload {
 public:
  explicit Background(boost::asio::io_context& strand);
  ~Background() override;
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  // Calls `work()` on the thread, and later `then(value)` on the strand. `work` may hold only
  // values; `then` may hold objects of the strand.
  template <class Work, class Then>
  void run(Work work, Then then) {
    auto value = std::make_shared<std::optional<decltype(work())>>();
    offload([value, work = std::move(work)]() mutable { value->emplace(work()); },
            [value, then = std::move(then)]() mutable { then(std::move(**value)); });
  }

  void offload(Executor::Task work, Executor::Task then) override;

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace lockstep
