// SPDX-License-Identifier: Apache-2.0
// target_user.h: whose the threads of a file are to be.
//
// Whose the file says they are; or all one user's, whosever they were. Then two threads of one id
// would become one, which neither of their users has ever seen: they are refused. A thread of which
// some lines do not say whose it is may be two as well.
//
// Lives on: the main thread.
#pragma once

#include <map>
#include <optional>

#include "engine/base/ids.h"
#include "engine/base/result.h"

namespace lockstep {

class TargetUser {
 public:
  // Empty: whose the file says.
  explicit TargetUser(UserId user) : user_(std::move(user)) {}

  [[nodiscard]] bool is_given() const { return !user_.get().empty(); }
  // `said`: by the file, of this thread. Fails with `invalid`.
  [[nodiscard]] Result<ThreadName> name(const ThreadId& thread, const std::optional<UserId>& said);

 private:
  UserId user_;
  std::map<ThreadId, std::optional<UserId>> from_;  // whose the threads were
};

}  // namespace lockstep
