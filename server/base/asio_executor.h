// SPDX-License-Identifier: Apache-2.0
// asio_executor.h: the engine's strand on an Asio I/O loop.
//
// The engine, all reads and all connections live on the one thread that runs the loop. Other
// threads (the log's committer above all) post to it.
#pragma once

#include <boost/asio/io_context.hpp>

#include "engine/base/executor.h"

namespace lockstep {

class AsioExecutor : public Executor {
 public:
  explicit AsioExecutor(boost::asio::io_context& context) : context_(context) {}

  void post(Task task) override;
  void post_after(std::chrono::microseconds delay, Task task) override;
  [[nodiscard]] bool runs_here() const override;

 private:
  boost::asio::io_context& context_;
};

}  // namespace lockstep
