// SPDX-License-Identifier: Apache-2.0
#include "tests/explore/world.h"

#include <algorithm>

#include "engine/base/must.h"

namespace lockstep::explore {

const Moment& World::at(Timestamp time) const {
  const auto found =
      std::ranges::find_if(moments, [&](const auto& moment) { return moment->state.now == time; });
  MUST(found != moments.end());
  return **found;
}

std::vector<const Entry*> World::since(Timestamp time) const {
  std::vector<const Entry*> entries;
  for (const auto& moment : moments) {
    if (moment->state.now > time) entries.push_back(&moment->entry);
  }
  return entries;
}

Past World::past(Timestamp time) const { return past_since(now(), since(time), time); }

void World::forget() {
  Timestamp needed = now().now;
  for (const Front& each : front) needed = std::min(needed, each.cursor);
  const auto first = std::ranges::find_if(
      moments, [&](const auto& moment) { return moment->state.now >= needed; });
  moments.erase(moments.begin(), first);
}

World first_world() {
  World world;
  auto nothing = std::make_shared<Moment>();
  nothing->state.thread.id = ThreadId("thread");
  nothing->state.owner = UserId("ann");
  world.moments.push_back(std::move(nothing));
  return world;
}

RunId run_named(std::uint32_t number) { return RunId("r" + std::to_string(number)); }
MessageId reply_of(std::uint32_t run) { return MessageId("m" + std::to_string(run)); }
MessageId question_of(std::uint32_t run) { return MessageId("u" + std::to_string(run)); }

std::uint32_t number_of(const RunId& run) {
  MUST(run.get().size() == 2);
  return static_cast<std::uint32_t>(run.get()[1] - '0');
}

DeviceKey device_of(std::size_t front) {
  return {UserId("ann"), DeviceId(front == 0 ? "tab" : "phone")};
}

std::string content_of(const Message& message) {
  if (message.parts.empty()) return {};
  const std::string* text = growing_text(message.parts[0]);
  MUST(text != nullptr && message.parts.size() == 1);
  return "|" + *text;
}

bool is_over(RunStatus status) {
  return status != RunStatus::queued && status != RunStatus::running;
}

}  // namespace lockstep::explore
