// metrics_page.h: the counters, as Prometheus reads them.
#pragma once

#include <string>

#include "engine/metrics.h"
#include "server/front/front.h"

namespace lockstep {

[[nodiscard]] std::string metrics_page(const Metrics& metrics, const FrontCounts& counts);

}  // namespace lockstep
