// SPDX-License-Identifier: Apache-2.0
// thread_flags.h: flags of single threads that a start must know.
//
// Rows of the table `meta`, one a flagged thread; a row is there only while the flag is set:
//
//   quarantined/ number:8be    the thread's bytes crashed the process while it opened the thread
//   erasing/ number:8be        the thread is deleted; its entries and snapshot may still be there
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/ids.h"
#include "engine/base/result.h"
#include "engine/store/store.h"

namespace lockstep::thread_flags {

inline constexpr std::string_view quarantined = "quarantined/";
inline constexpr std::string_view erasing = "erasing/";

// `flag`: one of the two prefixes above.
[[nodiscard]] RowWrite set(std::string_view flag, ThreadNumber thread);
[[nodiscard]] RowWrite clear(std::string_view flag, ThreadNumber thread);
// All threads that have the flag. Fails with `corrupt` if a key is damaged.
[[nodiscard]] Result<std::vector<ThreadNumber>> read(const Store& store, std::string_view flag);

}  // namespace lockstep::thread_flags
