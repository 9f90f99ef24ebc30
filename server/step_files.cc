// SPDX-License-Identifier: Apache-2.0
#include "server/step_files.h"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>
#include <variant>

#include "engine/base/ascii.h"
#include "engine/base/codes.h"
#include "engine/base/limits.h"
#include "engine/base/must.h"
#include "engine/rules/blob_names.h"
#include "engine/rules/file_name.h"
#include "engine/rules/media_type.h"
#include "server/front/blob_door.h"

namespace lockstep {
namespace {

bool names_blob(const FilePart& file) { return begins_same(file.uri, "blob:"); }

}  // namespace

std::vector<Step> first_batch(const std::vector<Step>& steps) {
  std::vector<Step> batch;
  for (const Step& step : steps) {
    if (batch.size() == limits::batch_steps_max) break;
    batch.push_back(step);
    if (holds_data({step})) break;
  }
  return batch;
}

void clean_models_files(Step& step) {
  each_file(step, [](FilePart& file) {
    if (file.name) file.name = file_name_line(*file.name);
    if (file.media_type && !can_be_media_type(*file.media_type)) file.media_type.reset();
  });
  auto* part = std::get_if<StartPart>(&step.what);
  const auto* file = part ? std::get_if<FilePart>(&part->value) : nullptr;
  if (!file || !names_blob(*file)) return;
  part->value = DataPart{"image_left_out", {R"({"reason":"unreadable"})"}};
}

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
