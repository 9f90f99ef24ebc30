// SPDX-License-Identifier: Apache-2.0
// metrics_page.h: the counters, as Prometheus reads them.
//
// The engine and the front count in plain numbers; only here they get names, units and help. A page
// is made when it is asked for, from what is counted anyway: watching costs nothing while nobody
// looks.
#pragma once

#include <string>

#include "engine/memory.h"
#include "engine/metrics.h"
#include "server/front/front.h"

namespace lockstep {

[[nodiscard]] std::string metrics_page(const Metrics& metrics, const FrontCounts& counts,
                                       const MemoryAccount* memory);

}  // namespace lockstep
