// SPDX-License-Identifier: Apache-2.0
// thread_flags.h: what a start must know of single threads.
//
// Rows of the table `meta`, one a thread, there only while something is the matter:
//
//   quarantined/ number:8be    its bytes brought the process down while it was being opened
//   erasing/ number:8be        it is deleted; its entries and views may not be gone yet
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/ids.h"
#include "engine/base/result.h"
#include "engine/store/store.h"

namespace lockstep::marks {

inline constexpr std::string_view quarantined = "quarantined/";
inline constexpr std::string_view erasing = "erasing/";

[[nodiscard]] Row set(std::string_view mark, ThreadNumber thread);
[[nodiscard]] Row clear(std::string_view mark, ThreadNumber thread);
// All threads that have it.
[[nodiscard]] Result<std::vector<ThreadNumber>> read(const Store& store, std::string_view mark);

}  // namespace lockstep::marks
