// SPDX-License-Identifier: Apache-2.0
#include "engine/rules/look_back.h"

#include <set>
#include <vector>

#include "engine/rules/decide.h"

namespace lockstep {

std::optional<Cursor> seen_of(const ChangeRequest& request, const Change& change) {
  return change.seen ? change.seen : request.cursor;
}

bool looks_back(const ThreadState& state, const Change& change) {
  const auto unplaced = [](const auto& what) { return !what.place.has_value(); };
  switch (type_of(change)) {
    case ChangeType::stop_run:
      return true;
    case ChangeType::start_run:
      return state.running || unplaced(std::get<StartRun>(change.what));
    case ChangeType::put_message: {
      const auto& put = std::get<PutMessage>(change.what);
      return state.running || put.if_unchanged || unplaced(put);
    }
    case ChangeType::delete_message:
      return state.running || std::get<DeleteMessage>(change.what).if_unchanged;
    case ChangeType::answer_call:
    case ChangeType::decide_call:
      return true;
    default:
      return false;
  }
}

std::vector<Timestamp> pasts_needed(const ThreadState& state, const ChangeRequest& request,
                                    const Rules& rules) {
  std::set<Timestamp> needed;
  for (const Change& change : request.changes) {
    const std::optional<Cursor> seen = seen_of(request, change);
    if (!seen || seen->at >= state.now || !looks_back(state, change)) continue;
    if (check(*seen, state.now, rules) == CursorCheck::good) needed.insert(seen->at);
  }
  return {needed.begin(), needed.end()};
}

}  // namespace lockstep
