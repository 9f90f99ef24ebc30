// SPDX-License-Identifier: Apache-2.0
// thread_errors.h: the errors of a thread that is not served.
//
// Each error is made in one place, so that each reason has one text.
#pragma once

#include <string>
#include <utility>

#include "engine/base/codes.h"
#include "engine/base/ids.h"
#include "engine/base/result.h"

namespace lockstep {

[[nodiscard]] inline Error unknown_thread() {
  return {Kind::not_found, codes::unknown_thread, "there is no such thread"};
}
[[nodiscard]] inline Error thread_deleted() {
  return {Kind::gone, codes::deleted, "the thread is deleted"};
}
// Its bytes on the disk are damaged.
[[nodiscard]] inline Error corrupt(const ThreadName& thread, std::string why) {
  return {Kind::corrupt, codes::corrupt, to_string(thread) + ": " + std::move(why)};
}

}  // namespace lockstep
