// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/steps_judge.h"

namespace lockstep::sim {
namespace {

void check_ack(test::Records& records, const ThreadName& thread, const StepBatch& batch,
               const StepAck& ack) {
  const test::ThreadTruth& truth = records.thread(thread);
  const test::RunLife* run = truth.run(batch.run);
  if (!run || !truth.entry(ack.at))
    return records.found("a step is acknowledged before it is durable");
  if (ack.seq != batch.steps.back().seq || ack.seq > run->seq_of(batch.attempt)) {
    return records.found("a step is acknowledged that is not there");
  }
  if (run->ended && !run->ended_by_steps) records.found("a step is acknowledged after a stop");
  if (ack.at != run->taken_at(ack.seq, batch.attempt))
    records.found("a step is acknowledged at another time");
  ++records.counts["steps acknowledged"];
}

void check_refusal(test::Records& records, const ThreadName& thread, const StepBatch& batch,
                   const StepRefusal& refusal) {
  ++records.counts["steps refused: " + refusal.code];
  const test::RunLife* run = records.thread(thread).run(batch.run);
  if (refusal.code == "seq_reused") {
    return records.found("a step that was taken is refused as another's");
  }
  if (refusal.code == "gap") {
    const bool right =
        run && batch.steps.front().seq > run->seq + 1 && refusal.expected == run->seq + 1;
    // Its answer may come when another attempt has begun.
    const bool late = run && batch.attempt < run->attempt;
    if (!right && !late) records.found("a gap that is none");
  } else if (refusal.code == "ended") {
    if (!run || !run->ended) return records.found("a step is told of an end that is not durable");
    if (refusal.status != run->status || refusal.seq != run->seq) {
      return records.found("a step is told of another end");
    }
    if (run->ended_by_steps && batch.steps.back().seq <= run->seq) {
      records.found("a known step of a run that ended itself is refused");
    }
  }
}

}  // namespace

void check_answer(Judge& judge, const ThreadName& thread, const StepBatch& batch,
                  const std::expected<StepAck, StepRefusal>& answer) {
  if (answer) return check_ack(judge.records, thread, batch, *answer);
  check_refusal(judge.records, thread, batch, answer.error());
}

// What a worker is told is durable: the attempt is its own, and nobody's after it.
void check_claim(Judge& judge, const Claimed& claim) {
  const test::ThreadTruth& truth = judge.records.thread(claim.thread);
  if (truth.erase_asked) return;
  const test::RunLife* run = truth.run(claim.run);
  if (!run || !run->started || run->attempt < claim.attempt) {
    return judge.records.found("a claim is answered before its attempt is durable");
  }
  if (run->attempt > claim.attempt) judge.records.found("a claim is answered that is over");
  ++judge.records.counts[claim.attempt == 2 ? "run claimed" : "run claimed again"];
}

void check_astray(Judge& judge, const std::set<std::string>& codes,
                  const std::expected<StepAck, StepRefusal>& answer) {
  if (answer) return judge.records.found("a step that nobody may write is acknowledged");
  const std::string& code = answer.error().code;
  // Others were there before it, or the run, the thread or the server is not there any more.
  static const std::set<std::string> meanwhile{"seq_reused",  "fenced",         "ended",
                                               "unknown_run", "unknown_thread", "deleted",
                                               "overloaded",  "stopping"};
  if (codes.contains(code)) {
    ++judge.records.counts["steps refused: " + code];
  } else if (!meanwhile.contains(code)) {
    judge.records.found("a step that nobody may write is answered " + code);
  }
}

}  // namespace lockstep::sim
