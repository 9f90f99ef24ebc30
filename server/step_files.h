// SPDX-License-Identifier: Apache-2.0
// step_files.h: how a run ends whose files can't be kept.
//
// What a user sees must be what the model sees: a run that goes on without a picture that its model
// made would show another answer than the model gave. So the run ends at the picture, with a name
// for the reason; what came before it is shown, and the tokens count.
#pragma once

#include <vector>

#include "engine/rules/step.h"
#include "server/codec/problem.h"

namespace lockstep {

// The steps before the first that holds a file, and then the run's end.
// Requires: one holds a file.
[[nodiscard]] std::vector<Step> ended_before_files(std::vector<Step> steps, const Problem& why);

// The steps that are written next. A file ends its batch: if it has no room, those before it are in
// the log, and stay.
[[nodiscard]] std::vector<Step> first_batch(const std::vector<Step>& steps);

// What a model says of its file: the media type is one, or none is known; the name is one line.
// Only the user's own requests name blobs: a part of a model that does so says that it was left
// out.
void clean_models_files(Step& step);

}  // namespace lockstep
