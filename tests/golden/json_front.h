// SPDX-License-Identifier: Apache-2.0
// json_front.h: the plainest front: JSON in, JSON out.
//
// It reads the golden vectors and does what docs/protocol.md asks of a front, without any code of
// the engine: the vectors are a contract only if a developer who has only the page can follow them.
#pragma once

#include <boost/json.hpp>

namespace lockstep::test {

// `state` is { thread, messages, runs, ts }; both return the next state.
[[nodiscard]] boost::json::object fold(boost::json::object state, const boost::json::object& entry);
[[nodiscard]] boost::json::object apply(boost::json::object state, const boost::json::object& diff);

}  // namespace lockstep::test
