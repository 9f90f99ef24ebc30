// SPDX-License-Identifier: Apache-2.0
// process_checks.cc: checks that entries shown before a start are still there after it.
#include <algorithm>

#include "tests/laws/front.h"
#include "tests/sim/process_life.h"

namespace lockstep::sim {

void Process::check_all_kept() {
  for (auto& [id, truth] : judge_.records.threads) {
    if (life_->engine->mended(id)) {
      check_kept(id, truth);
      continue;
    }
    const auto now = life_->engine->read(std::nullopt, id, std::nullopt);
    if (now || now.error().code != "not_ready") {
      judge_.records.found("thread " + to_string(id) + " is shown before it is mended");
    }
    ++judge_.records.counts["refused: not_ready"];
    if (chance_.one_in(2)) continue;  // leaves its mending to the background
    ++judge_.records.counts["thread asked for before it is mended"];
    life_->engine->mend(id, life_->alive.guard([this, id] {
      if (dying_) return;
      judge_.look();
      check_kept(id, judge_.records.thread(id));
    }));
  }
  ++judge_.records.counts["start"];
}

void Process::check_kept(const ThreadName& id, test::ThreadTruth& truth) {
  if (outlives(truth)) ++judge_.records.counts["run outlives a restart"];
  if (truth.has_open_runs() && !outlives(truth)) {
    judge_.records.found("a run of " + to_string(id) + " is open after a start");
  }
  const auto now = life_->engine->read(std::nullopt, id, std::nullopt);
  if (!now) {
    const std::string& code = now.error().code;
    const bool gone = code == "deleted" && truth.erase_asked;
    const bool never = code == "unknown_thread" && !truth.there();
    if (!gone && !never) judge_.records.found("after a start " + to_string(id) + " is " + code);
    return;
  }
  const std::string wrong = test::difference(now->screen, truth.screen(truth.last()));
  if (!wrong.empty()) {
    judge_.records.found("after a start " + to_string(id) + " shows something else: " + wrong);
  }
  check_contexts(id, truth);
}

// The input of a run can be shown again.
void Process::check_contexts(const ThreadName& thread, const test::ThreadTruth& truth) {
  if (truth.runs().empty()) return;
  const RunId& id = truth.runs()[chance_.upto(truth.runs().size())];
  const test::RunLife& run = *truth.run(id);
  const auto context = life_->engine->context(std::nullopt, thread, id);
  // A run that the same request started and ended never got a context.
  if (!context || !run.started || run.started == run.ended) return;
  const Screen& screen = truth.screen(*run.started);
  const auto shown = std::ranges::find(screen.runs, id, &Run::id);
  if (test::path_of(screen, shown->head) != test::shown(context->context.path)) {
    judge_.records.found("a run's context is another than fronts saw");
  }
  ++judge_.records.counts["context shown again"];
}

}  // namespace lockstep::sim
