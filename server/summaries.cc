// SPDX-License-Identifier: Apache-2.0
#include "server/summaries.h"

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/base/limits.h"
#include "engine/rules/call_results.h"

namespace lockstep {
namespace {

constexpr const char* ending = ".summary";

// The path to the head; empty if the thread has none.
std::vector<const Message*> path_of(const ThreadAt& at) {
  std::unordered_map<MessageId, const Message*> messages;
  for (const SharedMessage& message : at.messages) messages.emplace(message->id, &*message);
  std::vector<const Message*> path;
  std::optional<MessageId> next = at.thread ? at.thread->head : std::nullopt;
  while (next) {
    const auto found = messages.find(*next);
    if (found == messages.end()) return {};
    path.push_back(found->second);
    next = found->second->parent;
  }
  std::ranges::reverse(path);
  return path;
}

// The head, if the thread rests behind this run's answer: nothing is open, and no call waits.
std::optional<MessageId> resting_head(const ThreadAt& at, const RunId& run) {
  const bool open =
      std::ranges::any_of(at.runs, [](const Run& each) { return is_open(each.status); });
  const std::vector<const Message*> path = path_of(at);
  if (open || path.empty() || path.back()->run != run) return {};
  const std::vector<CallResult> calls = match_results(path).calls;
  const bool waits =
      std::ranges::any_of(calls, [](const CallResult& call) { return !call.result; });
  return waits ? std::nullopt : std::optional(path.back()->id);
}

}  // namespace

void Summaries::ended(const ThreadName& thread, const Run& run, std::size_t request_bytes) {
  if (!engine_ || run.status != RunStatus::completed || !due_ || !due_(run, request_bytes)) return;
  // In a later turn: a call of the engine must not write to it.
  executor_.post(
      alive_.guard([this, thread, id = run.id, agent = run.agent] { start(thread, id, agent); }));
}

void Summaries::start(const ThreadName& thread, const RunId& run, const AgentName& agent) {
  if (!engine_ || run.get().size() + std::string_view(ending).size() > limits::id_bytes_max) return;
  const auto at = engine_->thread_at(std::nullopt, thread, std::nullopt);
  if (!at) return;
  const std::optional<MessageId> head = resting_head(*at, run);
  if (!head) return;
  StartRun start;
  start.run = RunId(run.get() + ending);
  start.agent = agent;
  start.when_busy = WhenBusy::reject;
  start.params = Json{R"({"summarise":true})"};
  SyncRequest request;
  request.thread = thread;
  request.changes.user = thread.owner;
  request.changes.if_head = head;
  Change change;
  change.what = std::move(start);
  change.content = content_of(change);
  request.changes.changes.push_back(std::move(change));
  log_.info("summary_starts",
            {{"user", thread.owner.get()}, {"thread", thread.id.get()}, {"run", run.get()}});
  engine_->sync(std::move(request), [](const Result<SyncReply>&) {});
}

}  // namespace lockstep
