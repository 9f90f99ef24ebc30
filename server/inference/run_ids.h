// SPDX-License-Identifier: Apache-2.0
// run_ids.h: the ids that a run's writer makes.
//
// They follow from the run's id alone: the same answer read twice has the same ids. A run's id is
// unique in its thread, so these are too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "engine/base/ids.h"

namespace lockstep {

// A message's id within its run: `RUN.a1`. A digest replaces a run id that is too long for that.
[[nodiscard]] MessageId message_id_of(const RunId& run, std::uint32_t number);

// The id of the run's call of this number, from 1 on: `call_` and 24 hex digits.
[[nodiscard]] std::string call_id_of(const RunId& run, std::size_t number);

}  // namespace lockstep
