// SPDX-License-Identifier: Apache-2.0
// target_user.h: chooses the user who gets the threads of an imported file.
//
// Without a target user each thread goes to the user that the file names. With one, all threads go
// to that user. Then two threads with the same id would merge into one that neither user has ever
// seen, so they are refused. A thread of which only some lines name the user is refused too,
// because it may be two threads.
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
  // Empty: the users that the file names.
  explicit TargetUser(UserId user) : user_(std::move(user)) {}

  [[nodiscard]] bool is_given() const { return !user_.get().empty(); }
  // `said`: the user that the line names for this thread. Fails with `invalid`.
  [[nodiscard]] Result<ThreadName> name(const ThreadId& thread, const std::optional<UserId>& said);

 private:
  UserId user_;
  std::map<ThreadId, std::optional<UserId>> from_;  // the users in the file
};

}  // namespace lockstep
