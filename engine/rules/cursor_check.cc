// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "engine/rules/decide.h"

namespace lockstep {

CursorCheck check(const Cursor& cursor, Timestamp now, const Rules& rules) {
  if (cursor.epoch != rules.epoch) {
    const auto former =
        std::ranges::find(rules.former, cursor.epoch, &std::pair<Epoch, Timestamp>::first);
    if (former == rules.former.end()) return CursorCheck::unknown;
    if (cursor.at > former->second) return CursorCheck::rewound;
  }
  return cursor.at > now ? CursorCheck::unknown : CursorCheck::good;
}

}  // namespace lockstep
