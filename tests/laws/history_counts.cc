// SPDX-License-Identifier: Apache-2.0
// history_counts.cc: counts what has happened in a history, so that a law that never applied is
// seen.
#include <set>

#include "engine/rules/call_results.h"
#include "tests/laws/history.h"

namespace lockstep::test {
namespace {

constexpr const char* event_names[] = {
    "thread_updated", "message_put", "message_created", "part_started", "content_appended",
    "message_ended",  "message_cut", "message_deleted", "head_moved",   "run_queued",
    "run_started",    "run_ended",   "repairs_noted",   "opaque_noted", "attempt_started",
    "call_noted",     "resume_noted"};
static_assert(std::size(event_names) == std::variant_size_v<Event>);

const char* status_name(RunStatus status) {
  constexpr const char* names[] = {"queued", "running",     "completed", "stopped",
                                   "failed", "interrupted", "superseded"};
  return names[static_cast<std::size_t>(status)];
}

}  // namespace

void History::count(const Change& change, const Outcome& outcome) {
  const auto* start = std::get_if<StartRun>(&change.what);
  if (!start || !start->continues || outcome.duplicate) return;
  if (!outcome.applied) ++counts_["continue refused " + outcome.code];
  if (outcome.applied && outcome.run != start->run) ++counts_["continue joined"];
}

void History::count(const Entry& entry) {
  count_waiting(entry);
  if (story_.state().messages.size() == 0) return;
  const std::size_t some = chance_() % story_.state().messages.size();
  count_calls(story_.state().path(story_.state().messages[some].message.id));
  for (std::size_t at = 0; at < entry.events.size(); ++at) {
    const Event& event = entry.events[at];
    ++events_;
    ++counts_[std::string("event ") + event_names[event.index()]];
    if (const auto* end = std::get_if<RunEnded>(&event)) {
      ++counts_[std::string("run ") + status_name(end->status)];
      const bool cut = at > 1 && std::holds_alternative<MessageCut>(entry.events[at - 2]) &&
                       std::holds_alternative<MessageEnded>(entry.events[at - 1]);
      if (end->status == RunStatus::completed && cut) ++counts_["half call: cut with its run"];
    }
    if (const auto* end = std::get_if<MessageEnded>(&event)) {
      const bool cut = at > 0 && std::holds_alternative<MessageCut>(entry.events[at - 1]);
      if (cut && end->finish.reason == "length") ++counts_["half call: cut with its message"];
    }
    if (const auto* made = std::get_if<MessageCreated>(&event)) {
      if (made->continues) ++counts_["message continues"];
    }
    if (const auto* put = std::get_if<MessagePut>(&event)) {
      if (put->message.continues) ++counts_["message continues, and was put again"];
    }
  }
}

void History::count_waiting(const Entry& entry) {
  constexpr const char* words[] = {"asked", "waiting", "resumed", "given_up "};
  for (const Event& event : entry.events) {
    const auto* noted = std::get_if<ResumeNoted>(&event);
    if (!noted) continue;
    const Resume& resume = noted->resume;
    ++counts_["resume " + (words[static_cast<std::size_t>(resume.status)] + resume.why)];
  }
  if (story_.state().awaiting.size() > 1) ++counts_["resume: several wait at once"];
}

// Which cases of calls and results does a path have?
void History::count_calls(const std::vector<const MessageState*>& path) {
  std::vector<const Message*> messages;
  for (const MessageState* row : path) messages.push_back(&row->message);
  std::set<std::string> earlier;
  for (const Message* message : messages) {
    std::set<std::string> own;
    for (const Part& part : message->parts) {
      const auto* call = std::get_if<ToolCallPart>(&part);
      if (!call) continue;
      if (!own.insert(call->id).second) ++counts_["calls: one id twice in a message"];
      if (earlier.contains(call->id)) ++counts_["calls: one id in two messages"];
    }
    earlier.insert(own.begin(), own.end());
  }
  const CallResults matched = match_results(messages);
  for (const CallResult& call : matched.calls) {
    if (call.replaced) ++counts_["results: late, behind a made one"];
    if (call.result && !call.made) ++counts_["results: real"];
    if (call.made) ++counts_["results: made"];
  }
  if (!matched.strays.empty()) ++counts_["results: stray"];
}

}  // namespace lockstep::test
