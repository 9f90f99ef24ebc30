// SPDX-License-Identifier: Apache-2.0
#include "engine/live/request_composer.h"

#include <utility>

#include "engine/store/attachments.h"

namespace lockstep {
namespace {

// Shared by the two threads, which take turns with it.
struct Job {
  const Blobs& blobs;
  std::shared_ptr<const Agent> agent;
  Context context;
  RequestComposer::Stop stop;
  FilesPlan plan{};
  Sent sent{};

  void look_up() {
    if (!*stop) plan = plan_files(blobs, context.thread.owner, context.path);
  }

  void compose() {
    if (*stop) return;
    context.attachments = read_files(blobs, context.thread.owner, std::move(plan), *stop);
    if (!*stop) sent = agent->sent(context);
    context.attachments.clear();
  }
};

}  // namespace

void RequestComposer::compose(std::shared_ptr<const Agent> agent, Context context, Stop stop,
                              Take done) {
  if (!stop) stop = std::make_shared<std::atomic<bool>>(false);
  auto job =
      std::make_shared<Job>(Job{blobs_, std::move(agent), std::move(context), std::move(stop)});
  auto read = [job, &offload = offload_, memory = memory_, done = std::move(done)]() mutable {
    Charge held(memory, MemoryKind::models, job->plan.bytes * limits::run_files_copies);
    offload.offload([job] { job->compose(); },
                    [job, held = std::move(held), done = std::move(done)]() mutable {
                      done({std::move(job->context), std::move(job->sent)});
                    });
  };
  offload_.offload([job] { job->look_up(); }, std::move(read));
}

}  // namespace lockstep
