// SPDX-License-Identifier: Apache-2.0
// oasst.h: imports and exports Open Assistant message trees.
//
//   {"message_tree_id":…, "tree_state":…, "prompt":{"message_id":…, "text":…, "role":"prompter",
//    "lang":…, …, "replies":[{"message_id":…, "parent_id":…, …}]}}            one tree per line
//
// A tree becomes a thread, and a reply a message below its parent. The role `prompter` becomes
// `user`; `assistant` stays. All other fields are kept in the metadata under `oasst`, numbers as
// they were written, so that an export can make the tree again. The import refuses a tree that
// would come out differently.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/rules/state.h"
#include "tools/forms/json.h"
#include "tools/forms/plan.h"

namespace lockstep {

// The plan has no user yet. Fails with `malformed` or `invalid`: the line is not such a tree, or
// the tree would lose something.
[[nodiscard]] Result<ThreadPlan> plan_of_tree(std::string_view line);

// The trees of the thread's living messages, one per line, written as the data set is. A single
// tree has the thread's id. `left_out` counts what the format can't hold: parts that are not text,
// and metadata that did not come from trees.
struct Trees {
  std::string lines;
  std::uint64_t left_out = 0;
};
[[nodiscard]] Trees trees_of(const ThreadState& state);

}  // namespace lockstep
