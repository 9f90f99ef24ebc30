// SPDX-License-Identifier: Apache-2.0
// metrics_page.h: writes the counters in the text format of Prometheus.
//
// The engine and the front count in plain numbers; this page gives them names, units and help. The
// server makes a page for each request, from numbers that it keeps anyway, so metrics cost nothing
// without a reader.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/base/memory.h"
#include "engine/live/metrics.h"
#include "engine/store/store.h"
#include "server/base/heap.h"
#include "server/front/front.h"

namespace lockstep {

struct Measures {
  const Metrics& metrics;
  const FrontCounts& front;
  const MemoryAccount* memory = nullptr;  // null: memory is not counted
  StoreMemory store = {};
  HeapUse heap = {};
  std::vector<AgentFace> agents = {};
  std::optional<Claims::Counts> claims = {};  // nothing: there are no workers
};

[[nodiscard]] std::string metrics_page(const Measures& measures);

}  // namespace lockstep
