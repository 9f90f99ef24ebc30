// SPDX-License-Identifier: Apache-2.0
// configured_agents.h: makes agents from the configuration file.
//
// The file's reader does not know the kinds of agents, and the agents do not know files. This is
// where both meet: an error of an agent gets the line of its setting, and a warning a line of the
// log.
//
// Lives on: the engine strand, or the main thread before there is one.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <string>

#include "engine/base/time.h"
#include "server/base/config.h"
#include "server/base/log_line.h"
#include "server/inference/agents.h"

namespace lockstep {

// Fails with `invalid` and the place of the wrong setting.
[[nodiscard]] Result<AgentsConfig> agents_of(const Config& config);

// What to do about an `AgentWarning` with this event.
[[nodiscard]] std::string advice_on(const std::string& warning);

// The dependencies of agents.
struct AgentMeans {
  boost::asio::any_io_executor executor;
  Random& random;
  Clock& clock;
  LineLog& log;
};

// The agents of a configuration; logs their warnings. Fails as `agents_of`.
[[nodiscard]] Result<std::unique_ptr<AgentSet>> open_agents(const Config& config,
                                                            const AgentMeans& means);

}  // namespace lockstep
