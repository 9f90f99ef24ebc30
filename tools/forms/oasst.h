// SPDX-License-Identifier: Apache-2.0
// oasst.h: Open Assistant message trees, both ways.
//
//   {"message_tree_id":…, "tree_state":…, "prompt":{"message_id":…, "text":…, "role":"prompter",
//    "lang":…, …, "replies":[{"message_id":…, "parent_id":…, …}]}}                       a tree a
//    line
//
// A tree becomes a thread, a reply a message below its parent. Roles are `user` for `prompter`, and
// `assistant`. Every other field is kept in the metadata under `oasst`, number for number as it was
// written, so that the tree can be made again. Nothing is taken in that would come out otherwise.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/rules/state.h"
#include "tools/forms/json.h"
#include "tools/forms/plan.h"

namespace lockstep {

// Whose the thread is to be is left open. Fails with `malformed` or `invalid`: no such tree, or one
// that can't be kept whole.
[[nodiscard]] Result<ThreadPlan> plan_of_tree(std::string_view line);

// The trees that the thread's living messages form, a line each, as the data set writes them: with
// one root the thread's id is the tree's. What the form has no place for is counted in `left_out`:
// parts that are not text, metadata that is not the trees' own.
struct Trees {
  std::string lines;
  std::uint64_t left_out = 0;
};
[[nodiscard]] Trees trees_of(const ThreadState& state);

}  // namespace lockstep
