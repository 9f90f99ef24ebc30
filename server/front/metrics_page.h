// SPDX-License-Identifier: Apache-2.0
// metrics_page.h: the counters, as Prometheus reads them.
//
// The engine and the front count in plain numbers; only here they get names, units and help. A page
// is made when it is asked for, from what is measures anyway: watching costs nothing while nobody
// looks.
#pragma once

#include <string>

#include "engine/base/memory.h"
#include "engine/live/metrics.h"
#include "engine/store/store.h"
#include "server/base/heap.h"
#include "server/front/front.h"

namespace lockstep {

struct Measures {
  const Metrics& metrics;
  const FrontCounts& front;
  const MemoryAccount* memory = nullptr;  // null: it is not measures
  StoreMemory store = {};
  HeapUse heap = {};
};

[[nodiscard]] std::string metrics_page(const Measures& measures);

}  // namespace lockstep
