// SPDX-License-Identifier: Apache-2.0
// thread_errors.h: why a thread is not served.
//
// Each of these errors is made in one place, so that a front reads one text for one reason.
#pragma once

#include <string>
#include <utility>

#include "engine/base/ids.h"
#include "engine/base/result.h"

namespace lockstep {

[[nodiscard]] inline Error unknown_thread() {
  return {Kind::not_found, "unknown_thread", "there is no such thread"};
}
[[nodiscard]] inline Error thread_deleted() {
  return {Kind::gone, "deleted", "the thread is deleted"};
}
// Its bytes on the disk are damaged.
[[nodiscard]] inline Error corrupt(const ThreadName& thread, std::string why) {
  return {Kind::corrupt, "corrupt", to_string(thread) + ": " + std::move(why)};
}

}  // namespace lockstep
