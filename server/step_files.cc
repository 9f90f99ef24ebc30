// SPDX-License-Identifier: Apache-2.0
#include "server/step_files.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <variant>

#include "engine/base/codes.h"
#include "engine/base/must.h"
#include "server/front/blob_door.h"

namespace lockstep {

std::vector<Step> ended_before_files(std::vector<Step> steps, const Problem& why) {
  const auto file =
      std::ranges::find_if(steps, [](const Step& step) { return holds_data({step}); });
  MUST(file != steps.end());
  // What a model server sends is no mistake of a caller.
  const bool unread = why.code == codes::invalid;
  EndRun end{.status = RunStatus::failed,
             .error = RunError{unread ? codes::upstream_malformed : why.code, why.detail},
             .usage = {}};
  const auto is_end = [](const Step& step) { return std::holds_alternative<EndRun>(step.what); };
  const auto said = std::find_if(file, steps.end(), is_end);
  if (said != steps.end()) end.usage = std::get<EndRun>(said->what).usage;
  const std::uint64_t seq = file->seq;
  steps.erase(file, steps.end());
  steps.push_back({.seq = seq, .what = std::move(end)});
  return steps;
}

}  // namespace lockstep
