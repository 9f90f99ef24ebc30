// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/producer.h"

#include <algorithm>

#include "tests/sim/steps_judge.h"

namespace lockstep::sim {
namespace {

constexpr std::uint64_t pace_micros = 60'000;
constexpr std::uint64_t failures_max = 40;
constexpr Micros answer_patience{5'000'000};
// Longer than a diff may be besides its text, so that the judge notices a diff with too much text.
constexpr std::size_t long_winded_repeats = 80;

}  // namespace

// --- Written text --------------------------------------------------------------------------------

Author::Author(RunId run, std::uint64_t seed)
    : run_(std::move(run)),
      chance_(seed, 4),
      length_(chance_.between(2, 14)),
      repeats_(chance_.one_in(8) ? long_winded_repeats : 1) {}

std::string Author::word() {
  constexpr const char* words[] = {
      "one ", "deux ", "\xC3\xA9t\xC3\xA9 ", "\xF0\x9F\x98\x80", "\xE6\xBC\xA2\xE5\xAD\x97", "a"};
  const std::string word = words[chance_.upto(std::size(words))] + std::to_string(++words_) + " ";
  std::string said;
  for (std::size_t times = 0; times < repeats_; ++times) said += word;
  return said;
}

// A model's limit often comes within a call.
Finish Author::finish() {
  constexpr const char* reasons[] = {"stop", "length", "length", "tool_calls"};
  Finish finish;
  if (!chance_.one_in(4)) finish.reason = reasons[chance_.upto(std::size(reasons))];
  if (chance_.one_in(3)) finish.model = "router-" + std::to_string(words_);
  return finish;
}

// Some calls have the same id: a result then belongs to the last open one.
decltype(Step::what) Author::begin_call(Open& message, std::uint64_t seq) {
  constexpr const char* tools[] = {"look", "look", "write", "ask"};
  message.growing = false;
  message.half_call = true;
  message.call.reset();
  ++message.parts;
  const char* tool = tools[chance_.upto(std::size(tools))];
  message.call_id = chance_.one_in(6) ? "c" : run_.get() + "c" + std::to_string(seq);
  return StartPart{message.id, {}, ToolCallPart{message.call_id, tool, "{\"at\":"}};
}

// It asks a person, begins to work on it, or has worked on it already.
decltype(Step::what) Author::speak_of_call(Open& message) {
  const std::uint32_t part = *std::exchange(message.call, std::nullopt);
  if (chance_.one_in(3)) {
    ++message.parts;
    message.growing = message.half_call = false;
    return StartPart{message.id, {}, ToolResultPart{message.call_id, word(), chance_.one_in(4)}};
  }
  const bool asks = chance_.one_in(2);
  return NoteCall{message.id, {part, asks ? CallStatus::needs_approval : CallStatus::running, {}}};
}

void Author::go_on(std::vector<Step>& steps) {
  const std::uint64_t seq = steps.size() + 1;
  const auto say = [&](decltype(Step::what) what) { steps.push_back({seq, std::move(what)}); };
  if (seq > length_) {
    over_ = true;
    constexpr RunStatus ends[] = {RunStatus::completed, RunStatus::completed,
                                  RunStatus::completed, RunStatus::completed,
                                  RunStatus::failed,    RunStatus::interrupted};
    return say(EndRun{ends[chance_.upto(std::size(ends))], {}, {}, finish()});
  }
  if (open_.empty() || chance_.one_in(12)) {
    const MessageId id(run_.get() + ".m" + std::to_string(seq));
    open_.push_back({id});
    return say(OpenMessage{id, {}, Role::assistant, {}});
  }
  Open& message = open_[chance_.upto(open_.size())];
  const std::uint64_t dice = chance_.upto(16);
  if (message.half_call && dice < 10) {
    message.half_call = false;
    message.call = message.parts - 1;
    return say(AppendContent{message.id, message.parts - 1, "1}"});
  }
  if (dice == 6 && message.call) return say(speak_of_call(message));
  if (dice == 4 && message.parts > 0) {
    return say(NoteOpaque{message.id, {message.parts - 1, "server", Json{std::to_string(words_)}}});
  }
  if (dice == 3) return say(NoteRepairs{{{"joined", words_ + 1, {message.id.get()}}}});
  if (dice == 0 || (dice == 10 && message.half_call)) {
    const MessageId id = message.id;
    std::erase_if(open_, [&](const Open& one) { return one.id == id; });
    return say(EndMessage{id, MessageStatus::complete, {}, finish()});
  }
  if (dice == 1) {
    message.growing = true;
    message.half_call = false;
    return say(StartPart{message.id, message.parts++, ReasoningPart{word()}});
  }
  if (dice == 2 || dice == 5) return say(begin_call(message, seq));
  const bool goes_on = message.growing && !message.half_call;
  const std::uint32_t part = goes_on ? message.parts - 1 : message.parts++;
  message.growing = true;
  message.half_call = false;
  say(AppendContent{message.id, part, word()});
}

// --- Sending -------------------------------------------------------------------------------------

Producer::Producer(Network& network, ThreadName thread, RunId run, StepWriter* writer,
                   std::uint64_t seed)
    : network_(network),
      thread_(std::move(thread)),
      run_(run),
      writer_(writer),
      chance_(seed, 5),
      author_(std::move(run), seed) {
  later();
}

void Producer::tell_truth() {
  const test::RunLife* run = network_.judge.records.thread(thread_).run(run_);
  // After a restore another agent may have a run of this id.
  if (run && run->agent != AgentName("push")) return;
  std::vector<Step>& said = network_.judge.records.thread(thread_).said[run_].of(1);
  if (said.size() < steps_.size()) said = steps_;
}

void Producer::go_away(Micros how_long) {
  away_until_ = network_.loop.now() + how_long;
  if (writer_ != nullptr) {
    const bool at_work = !over() && !author_.over();
    if (at_work) ++network_.judge.records.counts["fault: model stalls"];
    return;
  }
  if (!over() || all_said_) ++network_.judge.records.counts["fault: producer dies and comes back"];
  acked_ = chance_.one_in(2) ? 0 : chance_.upto(acked_ + 1);
  if (!all_said_) return;
  acked_ = chance_.upto(steps_.size());
  all_said_ = stopped_ = false;
  later();
}

void Producer::finish() {
  hurries_ = true;
  away_until_ = network_.loop.now();
}

void Producer::later() {
  const std::uint64_t usual = hurries_ ? 1'000 : pace_micros;
  const Micros delay(chance_.long_tailed(usual << std::min<std::uint64_t>(failures_, 6)));
  network_.loop.after(delay, "producer", alive_.guard([this] { go_on(); }));
}

void Producer::go_on() {
  if (over()) return;
  if (network_.loop.now() >= away_until_ && !in_flight_ && !paused_) {
    for (std::uint64_t more = hurries_ ? 20 : chance_.between(1, 3); more > 0 && !author_.over();
         --more) {
      author_.go_on(steps_);
    }
    writer_ != nullptr ? write_inside() : write();
  }
  later();
}

// A model gets no answer to its steps; it stops when the server destroys it.
void Producer::write_inside() {
  if (acked_ >= steps_.size()) return;
  std::vector<Step> fresh(steps_.begin() + static_cast<std::ptrdiff_t>(acked_), steps_.end());
  acked_ = steps_.size();
  paused_ = !writer_->write(std::move(fresh));
  if (paused_) ++network_.judge.records.counts["model asked to pause"];
}

void Producer::resume() {
  ++network_.judge.records.counts["model resumed"];
  paused_ = false;
}

void Producer::write() {
  const std::vector<Step>& all = steps_;
  tell_truth();
  if (acked_ >= all.size()) return;
  std::uint64_t first = acked_;
  // A back end that is not sure sends more than it must.
  if (first > 0 && chance_.one_in(6)) first = chance_.upto(first);
  std::uint64_t last = all.size();
  if (chance_.one_in(5)) last = chance_.between(acked_ + 1, last);
  StepBatch batch{run_, 1, {}};
  if (chance_.one_in(40)) batch.attempt = 2;
  batch.steps.assign(all.begin() + static_cast<std::ptrdiff_t>(first),
                     all.begin() + static_cast<std::ptrdiff_t>(last));
  in_flight_ = true;
  ++attempt_;
  network_.loop.after(answer_patience, "producer's patience",
                      alive_.guard([this, attempt = attempt_] {
                        if (attempt != attempt_) return;
                        in_flight_ = false;
                        ++failures_;
                      }));
  const auto carried = alive_.guard([this, batch] { send(batch); });
  network_.carry("steps", carried);
  if (chance_.one_in(10)) {
    ++network_.judge.records.counts["fault: steps repeated"];
    network_.carry("steps again", carried);
  }
}

void Producer::send(StepBatch batch) {
  Process& process = network_.process;
  if (!process.ready()) {
    in_flight_ = false;
    ++failures_;
    return;
  }
  tell_truth();
  if (chance_.one_in(12)) forge(batch);
  if (chance_.one_in(16)) blunder();
  const std::uint64_t call = process.owes(thread_, run_);
  process.engine().write(
      thread_.owner, thread_, batch,
      alive_.guard([this, batch, call](std::expected<StepAck, StepRefusal> answer) {
        const Alive::Watch own = alive_.watch();
        network_.process.answers(call);
        if (own.ended() || !network_.process.passes(Point::before_ack)) return;
        network_.judge.look();
        check_answer(network_.judge, thread_, batch, answer);
        network_.carry("steps' answer",
                       alive_.guard([this, batch, answer] { answered(batch, answer); }));
      }));
}

void Producer::answered(const StepBatch& batch, const std::expected<StepAck, StepRefusal>& answer) {
  in_flight_ = false;
  ++attempt_;
  if (!answer) return batch.attempt == 1 ? refused(answer.error()) : void();
  failures_ = 0;
  acked_ = std::max(acked_, answer->seq);
  if (author_.over() && acked_ == steps_.size()) all_said_ = stopped_ = true;
}

void Producer::refused(const StepRefusal& refusal) {
  const bool waits = refusal.code == "unknown_run" || refusal.code == "unknown_thread" ||
                     refusal.code == "overloaded" || refusal.code == "stopping";
  if (refusal.expected) {
    // A restore lost acknowledged steps, or another writer's step has the number: the producer
    // sends its steps again from there.
    acked_ = *refusal.expected - 1;
  } else if (waits) {
    if (++failures_ > failures_max) given_up_ = true;
  } else if (refusal.code == "exists" || refusal.code == "unknown_message") {
    // A user deleted the message that it writes to: the rest has no place. The run must still end.
    given_up_ = true;
  } else {
    stopped_ = true;
  }
}

}  // namespace lockstep::sim
