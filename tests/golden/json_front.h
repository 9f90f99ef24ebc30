// SPDX-License-Identifier: Apache-2.0
// json_front.h: a front in its plainest form: JSON in, JSON out.
//
// It reads what the golden vectors hold and does what docs/protocol.md tells a front to do, with
// nothing of the engine: the vectors are a contract only if somebody who has but the text can
// follow them.
#pragma once

#include <boost/json.hpp>

namespace lockstep::test {

// `state` is { thread, messages, runs, ts }; both return what it becomes.
[[nodiscard]] boost::json::object fold(boost::json::object state, const boost::json::object& entry);
[[nodiscard]] boost::json::object apply(boost::json::object state, const boost::json::object& diff);

}  // namespace lockstep::test
