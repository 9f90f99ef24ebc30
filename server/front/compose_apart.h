// SPDX-License-Identifier: Apache-2.0
// compose_apart.h: composes the request of a run for a reader of it, next to the strand if it is
// long.
//
// The server does not store requests, so it composes one again where a worker claims the run, or a
// front asks for its context. Ten megabytes take some tens of milliseconds, in which no other
// thread of any user would go on (bench/large_context_ms.cc). The path that is composed is a
// snapshot: what changes in the thread meanwhile changes copies of the messages.
//
// Lives on: the engine strand.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "engine/rules/producer.h"
#include "server/front/front.h"

namespace lockstep {

struct ComposedRun {
  Context context;
  Sent sent;
  bool whole = false;  // the request's body is a JSON object
};

// Calls `done` now, or in a later turn. `agent`: null: the request is empty. The request has the
// bytes of its files, as the model is sent them.
void compose_apart(Front& front, std::shared_ptr<const Agent> agent, Context context,
                   std::move_only_function<void(ComposedRun composed)> done);

// The same, but a line of text stands for each file, as if all were gone.
void compose_without_files(Front& front, std::shared_ptr<const Agent> agent, Context context,
                           std::move_only_function<void(ComposedRun composed)> done);

// Has the path more text than one turn of the strand may make?
[[nodiscard]] bool is_long(const std::vector<Message>& path);

}  // namespace lockstep
