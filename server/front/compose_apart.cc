// SPDX-License-Identifier: Apache-2.0
#include "server/front/compose_apart.h"

#include <cstddef>
#include <utility>

#include "engine/rules/sizes.h"
#include "engine/store/attachments.h"
#include "schema/json/json_reader.h"
#include "server/base/limits.h"
#include "server/front/compose_limits.h"

namespace lockstep {
namespace {

bool is_whole(const std::string& body) { return is_json_object(body, limits::request_depth_max); }

}  // namespace

bool is_long(const std::vector<Message>& path) {
  std::size_t bytes = 0;
  for (const Message& message : path) {
    bytes += size_of(message);
    if (bytes > limits::apart_bytes_min) return true;
  }
  return false;
}

void compose_without_files(Front& front, std::shared_ptr<const Agent> agent, Context context,
                           std::move_only_function<void(ComposedRun composed)> done) {
  auto composed = std::make_shared<ComposedRun>(ComposedRun{std::move(context), {}, false});
  const bool apart = agent && is_long(composed->context.path);
  auto compose = [agent = std::move(agent), composed] {
    if (agent) composed->sent = agent->sent(composed->context);
    composed->whole = is_whole(composed->sent.body);
  };
  if (apart) {
    return front.background.offload(
        std::move(compose),
        [composed, done = std::move(done)]() mutable { done(std::move(*composed)); });
  }
  compose();
  done(std::move(*composed));
}

void compose_apart(Front& front, std::shared_ptr<const Agent> agent, Context context,
                   std::move_only_function<void(ComposedRun composed)> done) {
  const bool apart = names_files(context.path) || is_long(context.path);
  if (!agent || !front.composer || !apart) {
    return compose_without_files(front, std::move(agent), std::move(context), std::move(done));
  }
  front.composer->compose(
      std::move(agent), std::move(context), nullptr,
      [&front, done = std::move(done)](RequestComposer::Composed made) mutable {
        auto composed = std::make_shared<ComposedRun>(
            ComposedRun{std::move(made.context), std::move(made.sent), false});
        front.background.offload(
            [composed] { composed->whole = is_whole(composed->sent.body); },
            [composed, done = std::move(done)]() mutable { done(std::move(*composed)); });
      });
}

}  // namespace lockstep
