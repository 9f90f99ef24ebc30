// SPDX-License-Identifier: Apache-2.0
#include "tests/laws/truth.h"

#include <algorithm>

#include "engine/base/limits.h"
#include "tests/laws/front.h"

namespace lockstep::test {
namespace {

std::string text_of(const Part& part) {
  if (const auto* text = std::get_if<TextPart>(&part)) return text->text;
  if (const auto* reasoning = std::get_if<ReasoningPart>(&part)) return reasoning->text;
  if (const auto* call = std::get_if<ToolCallPart>(&part)) return call->arguments;
  return {};
}

// A call as these tests write them: whole when its bracket is closed.
bool is_half_call(const Part& part) {
  const auto* call = std::get_if<ToolCallPart>(&part);
  return call && !call->arguments.ends_with('}');
}

std::string text_of_steps(const std::vector<Step>& steps, std::uint64_t first, std::uint64_t last) {
  std::string text;
  for (std::uint64_t seq = first; seq <= last; ++seq) {
    const auto& what = steps[seq - 1].what;
    if (const auto* open = std::get_if<OpenMessage>(&what)) text += "<" + open->message.get() + ">";
    if (const auto* part = std::get_if<StartPart>(&what)) text += text_of(part->value);
    if (const auto* append = std::get_if<AppendContent>(&what)) text += append->text;
  }
  return text;
}

std::string text_of_events(const Entry& entry, const RunLife& run) {
  std::string text;
  for (const Event& event : entry.events) {
    if (const auto* created = std::get_if<MessageCreated>(&event)) {
      text += "<" + created->message.get() + ">";
    } else if (const auto* part = std::get_if<PartStarted>(&event)) {
      if (run.messages.contains(part->message)) text += text_of(part->value);
    } else if (const auto* append = std::get_if<ContentAppended>(&event)) {
      if (run.messages.contains(append->message)) text += append->text;
    }
  }
  return text;
}

// All words of a message, results included.
std::string words_of(const Message& message) {
  std::string words = test::text_of(message.parts);
  for (const Part& part : message.parts) {
    if (const auto* result = std::get_if<ToolResultPart>(&part)) words += result->content;
  }
  return words;
}

}  // namespace

std::string text_of(const Parts& parts) {
  std::string text;
  for (const Part& part : parts) text += text_of(part);
  return text;
}

std::string ThreadTruth::add(std::shared_ptr<const Entry> entry, std::uint64_t life) {
  Screen screen = there() ? screens_.back() : Screen();
  std::string wrong = take(screen, *entry);
  if (!there() && !entry->origin) wrong = "the first entry says not whose thread it is";
  entries_.push_back(entry);
  screens_.push_back(std::move(screen));
  if (wrong.empty()) wrong = add_events(*entry, life);
  if (wrong.empty()) wrong = add_steps(*entry);
  if (wrong.empty()) wrong = add_acks(*entry);
  if (wrong.empty()) wrong = add_words(*entry);
  return wrong.empty() ? wrong : to_string(id_) + ": " + wrong;
}

std::string ThreadTruth::add_events(const Entry& entry, std::uint64_t life) {
  for (const Event& event : entry.events) {
    std::string wrong;
    if (const auto* one = std::get_if<RunQueued>(&event)) wrong = queued(*one, entry);
    if (const auto* one = std::get_if<RunStarted>(&event)) wrong = started(*one, entry);
    if (const auto* one = std::get_if<RunEnded>(&event)) wrong = ended(*one, entry, life);
    if (const auto* one = std::get_if<AttemptStarted>(&event)) wrong = attempted(*one);
    if (const auto* created = std::get_if<MessageCreated>(&event)) {
      runs_[created->run].messages.insert(created->message);
    }
    if (!wrong.empty()) return wrong;
  }
  if (!running_ && !waiting_.empty()) return "run " + waiting_[0].get() + " waits for nothing";
  return {};
}

std::string ThreadTruth::queued(const RunQueued& event, const Entry& entry) {
  if (runs_.contains(event.run)) return "run " + event.run.get() + " is queued twice";
  runs_[event.run].queued = entry.at;
  runs_[event.run].agent = event.agent;
  order_.push_back(event.run);
  if (running_) ++counts_["run waits"];
  waiting_.push_back(event.run);
  return {};
}

std::string ThreadTruth::started(const RunStarted& event, const Entry& entry) {
  if (running_) return "run " + event.run.get() + " starts while another goes on";
  const auto place = std::ranges::find(waiting_, event.run);
  if (place == waiting_.end()) return "a run starts that did not wait";
  if (place != waiting_.begin()) {
    ++counts_["run overtakes as asked"];
    if (!said[event.run].may_overtake) return "run " + event.run.get() + " has overtaken another";
  }
  waiting_.erase(place);
  running_ = event.run;
  RunLife& run = runs_[event.run];
  if (run.started) return "a run starts twice";
  run.started = entry.at;
  run.status = RunStatus::running;
  turns_.emplace_back(true, event.run);
  return {};
}

std::string ThreadTruth::attempted(const AttemptStarted& event) {
  if (running_ != event.run) return "an attempt of a run that does not go on";
  RunLife& run = runs_[event.run];
  if (event.attempt != run.attempt + 1) return "an attempt is not the next one";
  run.attempt = event.attempt;
  run.claim = event.claim;
  run.agent = event.agent;
  run.seq = 0;
  ++counts_[event.claim.empty() ? "attempt raised" : "attempt claimed"];
  return {};
}

std::string ThreadTruth::ended(const RunEnded& event, const Entry& entry, std::uint64_t life) {
  if (!runs_.contains(event.run)) return "a run ends that never was";
  RunLife& run = runs_[event.run];
  if (run.ended) return "run " + event.run.get() + " ends twice";
  run.ended = entry.at;
  run.ended_in_life = life;
  run.status = event.status;
  run.ended_by_steps = entry.producer && entry.producer->run == event.run;
  if (run.started == entry.at) {
    // No front sees the start, because the same request ended the run.
    ++counts_["run ended in the entry that started it"];
    std::erase(turns_, std::pair(true, event.run));
  }
  turns_.emplace_back(false, event.run);
  std::erase(waiting_, event.run);
  if (running_ == event.run) running_.reset();
  if (event.status != RunStatus::interrupted || entries_.size() < 2 || run.ended_by_steps)
    return {};
  return kept(run, screens_[screens_.size() - 2], screens_.back());
}

// All that was shown of an interrupted run is still there, but for a call that had only half come.
std::string ThreadTruth::kept(const RunLife& run, const Screen& before, const Screen& after) const {
  for (const Message& then : before.messages) {
    if (!run.messages.contains(then.id) || then.status != MessageStatus::open) continue;
    const Message* now = after.message(then.id);
    if (!now) return "an interrupted run lost message " + then.id.get();
    if (now->status != MessageStatus::interrupted) return "a message was not interrupted";
    for (std::size_t part = 0; part < then.parts.size() && !is_half_call(then.parts[part]);
         ++part) {
      if (part >= now->parts.size() || now->parts[part] != then.parts[part]) {
        return "an interruption took something of message " + then.id.get();
      }
    }
  }
  return {};
}

namespace {

// The step by which the server ends a run that no worker writes any more.
std::optional<EndRun> end_without_worker(const Entry& entry) {
  for (const Event& event : entry.events) {
    const auto* ended = std::get_if<RunEnded>(&event);
    if (!ended || ended->run != entry.producer->run || !ended->error) continue;
    const bool lost = ended->error->code == "worker_lost" || ended->error->code == "no_worker";
    if (lost) return EndRun{ended->status, ended->error, {}, {}};
  }
  return {};
}

}  // namespace

std::string ThreadTruth::add_steps(const Entry& entry) {
  if (!entry.producer) return {};
  const ProducerOffset& mark = *entry.producer;
  RunLife& run = runs_[mark.run];
  if (const auto end = end_without_worker(entry); end && mark.seq == run.seq + 1) {
    std::vector<Step>& steps = said[mark.run].of(mark.attempt);
    steps.resize(run.seq);
    steps.push_back({mark.seq, *end});
    ++counts_["run ended without a worker: " + end->error->code];
  }
  const std::string name = "run " + mark.run.get();
  if (mark.attempt != run.attempt) return name + ": a step of another attempt is taken";
  if (mark.seq <= run.seq) return name + ": a step is taken twice";
  const std::vector<Step>& steps = said[mark.run].of(mark.attempt);
  if (mark.seq > steps.size()) return name + ": a step that nobody wrote";
  if (text_of_steps(steps, run.seq + 1, mark.seq) != text_of_events(entry, run)) {
    return name + ": its entry holds something else than the steps " + std::to_string(run.seq + 1) +
           " to " + std::to_string(mark.seq);
  }
  run.seq = mark.seq;
  run.marks[mark.attempt][mark.seq] = entry.at;
  return {};
}

std::string ThreadTruth::add_acks(const Entry& entry) {
  for (const Ack& ack : entry.acks) {
    const DeviceName device{ack.user, ack.device};
    devices_.insert(device);
    const bool fresh =
        acks_[device].emplace(ack.outcome.op->get(), Remembered{entry.at, ack}).second;
    if (!fresh) return "op " + std::to_string(ack.outcome.op->get()) + " is taken twice";
    if (ack.outcome.at != entry.at) return "an ack says another time than its entry";
  }
  return {};
}

// Every change has words of its own, so words in two entries mean that a change applied twice.
std::string ThreadTruth::add_words(const Entry& entry) {
  for (const Event& event : entry.events) {
    const auto* put = std::get_if<MessagePut>(&event);
    if (!put) continue;
    const bool fresh = words_.emplace(put->message.id, words_of(put->message)).second;
    if (!fresh && !words_may_repeat) {
      return "message " + put->message.id.get() + " is put twice by one change";
    }
  }
  return {};
}

const Entry* ThreadTruth::entry(Timestamp at) const {
  const auto found =
      std::ranges::lower_bound(entries_, at, {}, [](const auto& e) { return e->at; });
  return found == entries_.end() || (*found)->at != at ? nullptr : found->get();
}

std::shared_ptr<const Entry> ThreadTruth::shared_next(Timestamp after) const {
  const auto found =
      std::ranges::upper_bound(entries_, after, {}, [](const auto& e) { return e->at; });
  return found == entries_.end() ? nullptr : *found;
}

const Screen& ThreadTruth::screen(Timestamp at) const {
  const auto found = std::ranges::upper_bound(screens_, at, {}, &Screen::now);
  return found == screens_.begin() ? empty_ : *std::prev(found);
}

bool ThreadTruth::put_since(const MessageId& id, Timestamp after) const {
  const auto puts_it = [&](const Event& event) {
    const auto* put = std::get_if<MessagePut>(&event);
    return put && put->message.id == id;
  };
  for (auto entry = entries_.rbegin(); entry != entries_.rend() && (*entry)->at > after; ++entry) {
    if (std::ranges::any_of((*entry)->events, puts_it)) return true;
  }
  return false;
}

const RunLife* ThreadTruth::run(const RunId& id) const {
  const auto found = runs_.find(id);
  return found == runs_.end() ? nullptr : &found->second;
}

const Ack* ThreadTruth::ack(const DeviceName& device, Op op) const {
  const auto known = acks_.find(device);
  if (known == acks_.end()) return nullptr;
  const auto found = known->second.find(op.get());
  return found == known->second.end() ? nullptr : &found->second.ack;
}

std::vector<Ack> ThreadTruth::memory(const DeviceName& device, Timestamp until) const {
  std::vector<Ack> memory;
  const auto known = acks_.find(device);
  if (known == acks_.end()) return memory;
  for (const auto& [op, remembered] : known->second) {
    if (remembered.at <= until) memory.push_back(remembered.ack);
  }
  if (memory.size() > limits::ops_remembered) {
    memory.erase(memory.begin(),
                 memory.end() - static_cast<std::ptrdiff_t>(limits::ops_remembered));
  }
  return memory;
}

}  // namespace lockstep::test
