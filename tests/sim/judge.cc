// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/judge.h"

#include <algorithm>
#include <ranges>

#include "tests/laws/front.h"
#include "tests/laws/oracle_difference.h"

namespace lockstep::sim {
namespace {

// By number: the content of each op. After a restore a device may have used a number twice.
using Said = std::map<std::uint64_t, Hash>;

Said said_by(const Entry& entry) {
  Said said;
  for (const Ack& ack : entry.acks) said.emplace(ack.outcome.op->get(), ack.content);
  return said;
}

Said said_by(const ChangeRequest& request) {
  Said said;
  for (const Change& change : request.changes) said.emplace(change.op->get(), change.content);
  return said;
}

// How long a part reads, in UTF-16 units; others than text have no length.
Units length_of(const Part& part) {
  const std::string* text = growing_text(part);
  return text ? static_cast<Units>(oracle::widen(*text).size()) : 0;
}

constexpr const char* event_names[] = {
    "thread_updated", "message_put", "message_created", "part_started", "content_appended",
    "message_ended",  "message_cut", "message_deleted", "head_moved",   "run_queued",
    "run_started",    "run_ended",   "repairs_noted",   "opaque_noted", "attempt_started",
    "call_noted",     "resume_noted"};
static_assert(std::size(event_names) == std::variant_size_v<Event>);

}  // namespace

struct Judge::Kept {
  test::Records::Kept records;
  std::map<ThreadName, JudgedThread> judged;
  std::vector<Epoch> epochs;
};

void Judge::begins(Epoch epoch) {
  if (epochs_.empty()) epochs_.push_back(epoch);
  if (this->epoch() != epoch) records.found("a start begins a new epoch");
}

JudgedThread& Judge::judged(const ThreadName& thread) {
  const auto [known, fresh] = judged_.try_emplace(thread, epochs_.front().get());
  if (fresh) {
    // In each earlier epoch a front may have seen that the thread did not exist.
    for (const Epoch later : epochs_ | std::views::drop(1)) {
      known->second.oracle.rewind(0, later.get());
    }
    known->second.state.thread.id = thread.id;
    known->second.state.owner = thread.owner;
    known->second.oracle.answer_time = std::chrono::microseconds(answers_in).count();
    known->second.oracle.on_rule = [this](const char* rule) {
      ++counts_[std::string("rule ") + rule];
    };
  }
  return known->second;
}

std::shared_ptr<Asked> Judge::asks(const SyncRequest& request) {
  auto asked = std::make_shared<Asked>(request);
  if (!request.changes.changes.empty()) judged(request.thread).asked.push_back(asked);
  return asked;
}

// --- Durable entries -----------------------------------------------------------------------------

void Judge::look() {
  for (auto& [id, truth] : records.threads) {
    JudgedThread& thread = judged(id);
    for (; thread.entries < truth.entries().size(); ++thread.entries) {
      if (truth.erase_asked || !records.wrong.empty()) continue;
      const Entry& entry = *truth.entries()[thread.entries];
      std::string wrong = judge(truth, thread, entry);
      if (wrong.empty()) wrong = judge_end(truth, id, entry);
      if (!wrong.empty()) {
        return records.found(to_string(id) + ", entry " + std::to_string(entry.at.get()) + ": " +
                             wrong);
      }
      keep_promises(truth, thread, entry);
    }
  }
}

std::string Judge::judge(test::ThreadTruth& truth, JudgedThread& judged, const Entry& entry) {
  for (const Event& event : entry.events) {
    ++counts_[std::string("event ") + event_names[event.index()]];
  }
  std::string wrong;
  const AttemptStarted* attempt = nullptr;
  if (!entry.events.empty()) attempt = std::get_if<AttemptStarted>(&entry.events.front());
  if (attempt) {
    judged.seqs[attempt->run] = 0;
    wrong = judged.oracle.take(AttemptRequest{.run = attempt->run,
                                              .former = attempt->attempt - 1,
                                              .agent = attempt->agent,
                                              .claim = attempt->claim},
                               entry.at.get());
    if (!wrong.empty()) wrong = "an attempt that the oracle refuses: " + wrong;
  } else if (entry.producer) {
    const ProducerOffset& mark = *entry.producer;
    const std::vector<Step>& steps = truth.said[mark.run].of(mark.attempt);
    std::uint64_t& seq = judged.seqs[mark.run];
    StepBatch batch{mark.run, mark.attempt, {}};
    for (; seq < mark.seq && seq < steps.size(); ++seq) batch.steps.push_back(steps[seq]);
    wrong = judged.oracle.take(batch, entry.at.get());
    if (!wrong.empty()) wrong = "steps that the oracle refuses: " + wrong;
  } else if (!entry.acks.empty()) {
    wrong = judge_changes(judged, entry);
  } else if (is_settled_alone(entry)) {
    wrong = judge_settled(truth, judged, entry);
  } else {
    judged.oracle.crash(entry.at.get());
  }
  if (!wrong.empty()) return wrong;
  if (judged.oracle.last() > entry.at.get()) return "the oracle is ahead";
  wrong = test::difference(truth.screen(entry.at), judged.oracle.now());
  if (!wrong.empty()) return "the oracle comes to something else: " + wrong;
  return judge_calls(judged, entry);
}

// A restart does not end a run with a writer outside; a restore does.
std::string Judge::judge_end(const test::ThreadTruth& truth, const ThreadName& thread,
                             const Entry& entry) const {
  for (const Event& event : entry.events) {
    const auto* ended = std::get_if<RunEnded>(&event);
    if (!ended || !ended->error || !truth.run(ended->run)->started || entry.producer) continue;
    if (ended->error->code != "interrupted" && ended->error->code != "shutdown") continue;
    const AgentName& agent = truth.run(ended->run)->agent;
    const bool outside = agent == AgentName("push") || agent == AgentName("hands");
    if (outside && !restored_.contains({thread, ended->run})) {
      return "a restart ends a run whose writer is alive";
    }
  }
  return {};
}

// Finds the request of the entry, by its new ops; of two equal requests, either.
std::string Judge::judge_changes(JudgedThread& judged, const Entry& entry) {
  const Said acked = said_by(entry);
  const Ack& first = entry.acks.front();
  for (const auto& asked : judged.asked) {
    const ChangeRequest& changes = asked->request.changes;
    if (changes.user != first.user || changes.device != first.device) continue;
    if (!asked->answers.empty() || asked->answered) continue;
    if (!std::ranges::includes(said_by(changes), acked)) continue;
    std::vector<oracle::Answer> answers = judged.oracle.take(changes, entry.at.get());
    Said fresh;
    for (std::size_t at = 0; at < answers.size(); ++at) {
      const bool memory = answers[at].duplicate || answers[at].code == "op_reused" ||
                          answers[at].code == "op_too_old";
      const Change& change = changes.changes[at];
      if (!memory) fresh.emplace(change.op->get(), change.content);
    }
    if (fresh != acked) return "its acks are not the request's new ops";
    asked->answers = std::move(answers);
    return {};
  }
  return "it answers nothing that was asked";
}

// --- The front wins ------------------------------------------------------------------------------

void Judge::keep_promises(const test::ThreadTruth& truth, JudgedThread& judged,
                          const Entry& entry) {
  for (Promise& promise : judged.promises) {
    for (const Event& event : entry.events) {
      if (const auto* put = std::get_if<MessagePut>(&event))
        promise.released.insert(put->message.id);
    }
    for (const Message& message : truth.screen(entry.at).messages) {
      if (message.run != promise.run || promise.released.contains(message.id)) continue;
      const auto most = promise.most.find(message.id);
      for (std::size_t part = 0; part < message.parts.size(); ++part) {
        const Units length = length_of(message.parts[part]);
        const bool known = most != promise.most.end() && part < most->second.size();
        const Units allowed = known ? most->second[part] : 0;
        if (length > allowed) {
          return records.found("part " + std::to_string(part) + " of message " + message.id.get() +
                               " grew back to " + std::to_string(length) + " at " +
                               std::to_string(entry.at.get()) + ", " + promise.by +
                               " was promised " + std::to_string(allowed));
        }
      }
    }
  }
}

void Judge::promise(const Asked& asked, const SyncReply& reply) {
  const ChangeRequest& changes = asked.request.changes;
  for (std::size_t at = 0; at < changes.changes.size(); ++at) {
    const auto* stop = std::get_if<StopRun>(&changes.changes[at].what);
    const Outcome& outcome = reply.outcomes[at];
    if (!stop || !outcome.applied || !outcome.run) continue;
    // Without `seen` each request's cursor counts, and if the change was sent again, the judge does
    // not know which request was applied.
    const auto& seen = changes.changes[at].seen;
    if (!seen) continue;
    const test::ThreadTruth* then = truth(asked.request.thread, epoch());
    const test::RunLife* run = then->run(*outcome.run);
    if (!run || !run->started) continue;
    Promise promise{.run = *outcome.run, .most = {}, .released = {}, .by = {}};
    for (const Message& message : then->screen(seen->at).messages) {
      if (message.run != outcome.run) continue;
      std::vector<Units>& most = promise.most[message.id];
      for (const Part& part : message.parts) most.push_back(length_of(part));
      for (const Shown& shown : stop->shown) {
        if (shown.message != message.id || shown.part >= most.size()) continue;
        if (growing_text(message.parts[shown.part])) {
          most[shown.part] = std::min(most[shown.part], shown.length);
        }
      }
    }
    // A message that was put again between the stop's moment and its answer has another text.
    for (const auto& entry : then->entries()) {
      for (const Event& event : entry->events) {
        const auto* put = std::get_if<MessagePut>(&event);
        if (put && entry->at > seen->at) promise.released.insert(put->message.id);
      }
    }
    promise.by = changes.device->get() + " with op " +
                 std::to_string(changes.changes[at].op->get()) + ", seen " +
                 std::to_string(seen->at.get()) + ", answered " +
                 std::to_string(reply.cursor.at.get());
    ++counts_["promise of a stop"];
    judged(asked.request.thread).promises.push_back(std::move(promise));
  }
}

// --- Backups -------------------------------------------------------------------------------------

std::shared_ptr<const Judge::Kept> Judge::keep() const {
  return std::make_shared<const Kept>(records.keep(), judged_, epochs_);
}

void Judge::go_back(const Kept& kept, Epoch next) {
  std::map<ThreadName, test::ThreadTruth> lost = records.go_back(kept.records);
  lost_.emplace(epoch(), std::move(lost));
  std::map<ThreadName, JudgedThread> judged = kept.judged;
  judged_.swap(judged);
  for (auto& [id, thread] : judged_) {
    thread.oracle.rewind(records.thread(id).last().get(), next.get());
    thread.asked.clear();
    const auto& running = records.thread(id).running();
    if (running) restored_.emplace(id, *running);
  }
  epochs_ = kept.epochs;
  epochs_.push_back(next);
}

}  // namespace lockstep::sim
