// SPDX-License-Identifier: Apache-2.0
#include "tools/target_user.h"

namespace lockstep {

Result<ThreadName> TargetUser::name(const ThreadId& thread, const std::optional<UserId>& said) {
  if (said && !is_id(said->get())) {
    return fail(Kind::rejected, "invalid", "`user` is no id");
  }
  if (!is_given()) {
    if (said) return ThreadName{*said, thread};
    return fail(Kind::rejected, "invalid", "`user` is missing: add it, or import with --user NAME");
  }
  if (said) {
    const auto [first, fresh] = from_.emplace(thread, *said);
    if (!fresh && first->second != *said) {
      return fail(Kind::rejected, "invalid",
                  first->second.get() + " and " + said->get() + " both have a thread " +
                      thread.get() +
                      ": with --user they would be one; import the users one by one");
    }
  }
  return ThreadName{user_, thread};
}

}  // namespace lockstep
