// SPDX-License-Identifier: Apache-2.0
#include "tools/forms/target_user.h"

#include "engine/base/codes.h"

namespace lockstep {
namespace {

std::unexpected<Error> two_threads(const ThreadId& thread, const std::optional<UserId>& one,
                                   const std::optional<UserId>& other) {
  const std::string what =
      one && other ? one->get() + " and " + other->get() + " both have a thread " + thread.get()
                   : "thread " + thread.get() + " is " + (one ? one : other)->get() +
                         "'s on some lines, and other lines do not name its user";
  return fail(
      Kind::rejected, codes::invalid,
      what +
          ": with --user they would become one thread; import each user's threads into a user of "
          "its own");
}

}  // namespace

Result<ThreadName> TargetUser::name(const ThreadId& thread, const std::optional<UserId>& said) {
  if (said && !is_id(said->get())) {
    return fail(Kind::rejected, codes::invalid,
                "`user` is not an id: use 1 to 128 characters of A-Z a-z 0-9 . _ : -");
  }
  if (!is_given()) {
    if (said) return ThreadName{*said, thread};
    return fail(Kind::rejected, codes::invalid,
                "`user` is missing: add it, or import with --user NAME");
  }
  const auto [first, fresh] = from_.emplace(thread, said);
  if (!fresh && first->second != said) return two_threads(thread, first->second, said);
  return ThreadName{user_, thread};
}

}  // namespace lockstep
