// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "tests/laws/world_life.h"

namespace lockstep::test {
namespace {

// A producer's open messages and parts, from the steps that it wrote.
struct Desk {
  struct Open {
    MessageId id;
    std::uint32_t parts = 0;
    bool half_call = false;  // the last part is a call without the end of its arguments
    bool growing = false;    // the last part is text
  };
  std::vector<Open> open;
  bool over = false;

  explicit Desk(const std::vector<Step>& steps) {
    for (const Step& step : steps) std::visit(*this, step.what);
  }
  Open& at(const MessageId& id) { return *std::ranges::find(open, id, &Open::id); }
  void operator()(const OpenMessage& step) { open.push_back({step.message}); }
  void operator()(const StartPart& step) {
    Open& message = at(step.message);
    ++message.parts;
    message.half_call = std::holds_alternative<ToolCallPart>(step.value);
    message.growing = !message.half_call;
  }
  void operator()(const AppendContent& step) {
    Open& message = at(step.message);
    if (step.part == message.parts) {
      ++message.parts;
      message.growing = true;
    }
    message.half_call = false;
  }
  void operator()(const EndMessage& step) {
    std::erase_if(open, [&](const Open& one) { return one.id == step.message; });
  }
  void operator()(const EndRun&) { over = true; }
  void operator()(const NoteRepairs&) {}
  void operator()(const NoteOpaque&) {}
  void operator()(const NoteCall&) {}
  // The world's producers take nothing back.
  void operator()(const CutMessage&) {}
};

bool is_over(const std::vector<Step>& steps) {
  return !steps.empty() && std::holds_alternative<EndRun>(steps.back().what);
}

}  // namespace

void EngineWorld::plan_steps(const RunId& run, std::vector<Step>& steps) {
  Desk desk(steps);
  const std::uint64_t seq = steps.size() + 1;
  if (desk.over) return;
  const auto say = [&](decltype(Step::what) what) { steps.push_back({seq, std::move(what)}); };
  if (seq > 1 && one_in(14)) {
    const RunStatus ends[] = {RunStatus::completed, RunStatus::completed, RunStatus::completed,
                              RunStatus::failed, RunStatus::interrupted};
    return say(EndRun{ends[upto(5)], {}, {}});
  }
  if (desk.open.empty() || one_in(16)) {
    return say(
        OpenMessage{MessageId(run.get() + ".m" + std::to_string(seq)), {}, Role::assistant, {}});
  }
  const Desk::Open& message = desk.open[upto(desk.open.size())];
  const std::uint64_t dice = upto(16);
  if (message.half_call && dice < 10) {
    return say(AppendContent{message.id, message.parts - 1, "1}"});
  }
  if (dice == 0) return say(EndMessage{message.id, MessageStatus::complete, {}});
  if (dice == 1) return say(StartPart{message.id, message.parts, ReasoningPart{word()}});
  if (dice == 2) {
    return say(StartPart{
        message.id, {}, ToolCallPart{"c" + std::to_string(++names_), "look", "{\"at\":"}});
  }
  const bool goes_on = message.growing && !message.half_call;
  const std::uint32_t part = goes_on ? message.parts - 1 : message.parts;
  say(AppendContent{message.id, part, one_in(20) ? std::string() : word()});
}

void EngineWorld::producer_acts() {
  doing_ = "a producer has nothing to do";
  const ThreadName thread = slots_[upto(slots_.size())];
  ThreadTruth& known = truth(thread);
  if (known.runs().empty()) return;
  RunId run =
      known.runs()[known.runs().size() - 1 - upto(std::min<std::size_t>(4, known.runs().size()))];
  if (known.running() && !one_in(4)) run = *known.running();
  const RunLife& life = *known.run(run);
  if (life.queued > known.shown) return;  // no back end can know of it
  std::vector<Step>& steps = known.said[run].of(1);
  const std::size_t sent = steps.size();
  const std::uint64_t dice = upto(20);
  if (dice < 14 && !is_over(steps) && (life.open() || one_in(4))) {
    for (std::uint64_t more = 1 + upto(3); more > 0; --more) plan_steps(run, steps);
  }
  StepBatch batch{run, 1, {}};
  std::size_t first = one_in(3) ? life.seq : sent;  // sends lost steps again
  if (dice >= 14) first = sent > 0 ? upto(sent) : 0;
  if (dice == 13 && steps.size() > sent + 1) first = steps.size() - 1;
  if (dice == 12) batch.attempt = 2;
  if (first >= steps.size()) return;
  const std::size_t last = dice >= 14 ? first + 1 + upto(steps.size() - first) : steps.size();
  batch.steps.assign(steps.begin() + static_cast<std::ptrdiff_t>(first),
                     steps.begin() + static_cast<std::ptrdiff_t>(last));
  doing_ = "a producer writes steps " + std::to_string(first + 1) + " to " + std::to_string(last) +
           " of " + run.get();
  write(thread, run, std::move(batch));
}

void EngineWorld::write(const ThreadName& thread, const RunId& run, StepBatch batch) {
  auto made = call("a batch of steps of " + run.get(), thread);
  made->steps = run;
  if (truth(thread).run(run)->waits()) count("steps wait for their run's turn");
  inside_ = true;
  life_->engine->write(
      std::nullopt, thread, batch,
      [this, thread, batch, made](const std::expected<StepAck, StepRefusal>& answer) {
        wrote(thread, batch, answer, *made);
      });
  inside_ = false;
}

void EngineWorld::wrote(const ThreadName& thread, const StepBatch& batch,
                        const std::expected<StepAck, StepRefusal>& answer, Call& call) {
  answered(call);
  if (answer) return acked(thread, batch, *answer);
  const std::string& code = answer.error().code;
  if (code == "gap" || code == "fenced" || code == "ended") {
    return refused(thread, batch, answer.error());
  }
  check_error(call, code);
}

void EngineWorld::acked(const ThreadName& thread, const StepBatch& batch, const StepAck& ack) {
  is_durable(thread, ack.at, "a step's ack");
  const RunLife& run = *truth(thread).run(batch.run);
  const std::string name = "run " + batch.run.get() + ": ";
  if (ack.seq != batch.steps.back().seq) return found(name + "another step is acknowledged");
  if (ack.seq > run.seq) return found(name + "a step is acknowledged that is not durable");
  if (run.ended && !run.ended_by_steps) return found(name + "a step is acknowledged after the end");
  if (batch.attempt != 1) return found(name + "a step of another attempt is acknowledged");
  if (ack.at != run.taken_at(ack.seq))
    return found(name + "a step is acknowledged at another time");
  const auto [first, fresh] =
      step_acks_[{thread, batch.run}].try_emplace(ack.seq, ack.at, records_.life);
  const Entry& entry = *truth(thread).entry(ack.at);
  if (fresh && entry.producer->seq > ack.seq) count("batches of steps share an entry");
  if (fresh) return count("step acknowledged");
  if (first->second.first != ack.at) return found(name + "a step is answered otherwise");
  count(first->second.second < records_.life ? "step answered again after a restart"
                                             : "step answered again");
}

void EngineWorld::refused(const ThreadName& thread, const StepBatch& batch,
                          const StepRefusal& refusal) {
  const RunLife& run = *truth(thread).run(batch.run);
  const std::string name = "run " + batch.run.get() + ": ";
  count("step refused: " + refusal.code);
  if (refusal.code == "fenced") {
    if (batch.attempt == 1) found(name + "fenced without a reason");
    return;
  }
  if (refusal.code == "gap") {
    const bool right = batch.steps.front().seq > run.seq + 1 && refusal.expected == run.seq + 1;
    return right ? void() : found(name + "a gap that is none");
  }
  if (!run.ended) return found(name + "a step is told of an end that is not durable");
  if (refusal.status != run.status || refusal.at != *run.ended || refusal.seq != run.seq) {
    return found(name + "a step is told of another end");
  }
  if (run.ended_by_steps && batch.steps.back().seq <= run.seq) {
    return found(name + "a known step of a run that ended itself is refused");
  }
  if (run.ended_in_life < records_.life || run.status == RunStatus::interrupted) {
    count("step told of an interruption or an earlier life's end");
  }
}

}  // namespace lockstep::test
