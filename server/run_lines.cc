// SPDX-License-Identifier: Apache-2.0
#include "server/run_lines.h"

#include "engine/base/codes.h"

namespace lockstep {

void tell_run_end(LineLog& log, const ThreadName& thread, const Run& run) {
  const bool failed = run.status == RunStatus::failed;
  const RunError error =
      run.error.value_or(RunError{failed ? codes::failed : codes::interrupted, ""});
  const LineLog::Fields fields = {{"user", thread.owner.get()}, {"thread", thread.id.get()},
                                  {"run", run.id.get()},        {"agent", run.agent.get()},
                                  {"code", error.code},         {"detail", error.detail}};
  if (failed) log.error("run_failed", fields);
  if (!failed) log.info("run_interrupted", fields);
}

}  // namespace lockstep
