// SPDX-License-Identifier: Apache-2.0
// strangers.cc: writers that write to another's run, or write invalid steps.
#include "engine/base/limits.h"
#include "tests/sim/producer.h"
#include "tests/sim/steps_judge.h"
#include "tests/sim/world.h"

namespace lockstep::sim {
namespace {

// One more than a request may bring.
constexpr std::size_t too_many_steps = limits::batch_steps_max + 1;

// A step that is never taken, and by which code it is refused.
struct Impossible {
  decltype(Step::what) what;
  std::string code;
};

// Behind one of them that was there before: its code, for ever.
const std::set<std::string> behind_astray{"gap", "invalid", "exists", "unknown_message"};

Impossible some_impossible(const test::ThreadTruth& truth, Chance& chance) {
  const auto& messages = truth.screen(truth.last()).messages;
  switch (chance.upto(3)) {
    case 0:
      if (messages.empty()) break;
      return {OpenMessage{messages[chance.upto(messages.size())].id, {}, Role::assistant, {}},
              "exists"};
    case 1:
      return {AppendContent{MessageId("nowhere"), 0, "lost"}, "unknown_message"};
    default:
      break;
  }
  return {EndRun{RunStatus::stopped, {}, {}}, "invalid"};
}

}  // namespace

// Another program believes that the attempt is its own, and writes other steps.
void Producer::forge(StepBatch batch) {
  const test::RunLife* run = network_.judge.records.thread(thread_).run(run_);
  if (!run || batch.steps.front().seq > run->seq) return;
  auto* append = std::get_if<AppendContent>(&batch.steps.front().what);
  if (!append) return;
  append->text = "forged " + append->text;
  write_astray(std::move(batch), {"seq_reused"});
}

// An unusable step is refused by name, and so are the steps behind it: a `gap` would ask for it
// again and again.
void Producer::blunder() {
  const test::ThreadTruth& truth = network_.judge.records.thread(thread_);
  const test::RunLife* run = truth.run(run_);
  const std::uint64_t next = run ? run->seq + 1 : 1;
  const Impossible step = some_impossible(truth, chance_);
  StepBatch batch{run_, 1, {}};
  switch (chance_.upto(8)) {
    case 0:
      while (batch.steps.size() < too_many_steps) {
        batch.steps.push_back({next + batch.steps.size(), step.what});
      }
      return write_astray(std::move(batch), {"too_large"});
    case 1:
    case 2:
      batch.steps.push_back({next + 1, step.what});
      return write_astray(std::move(batch), behind_astray);
    default:
      break;
  }
  batch.steps.push_back({next, step.what});
  auto first = std::make_shared<std::string>();
  write_astray(batch, {step.code}, [first](const std::string& code) { *first = code; });
  batch.steps.front().seq = next + 1;
  write_astray(std::move(batch), behind_astray,
               [this, first, refused = step.code](const std::string& code) {
                 if (*first != refused || code != "gap") return;
                 network_.judge.records.found("behind a step that is never taken there is a gap");
               });
}

void Producer::write_astray(StepBatch batch, std::set<std::string> codes,
                            std::function<void(const std::string&)> told) {
  network_.process.engine().write(
      thread_.owner, thread_, std::move(batch),
      alive_.guard([this, codes = std::move(codes),
                    told = std::move(told)](const std::expected<StepAck, StepRefusal>& answer) {
        if (network_.process.dying()) return;
        check_astray(network_.judge, codes, answer);
        if (!answer && told) told(answer.error().code);
      }));
}

// Asks for things that do not exist, for more than a request may bring, for more than may wait.
void World::ask_astray(Chance& chance) {
  if (!process_.ready() || judge_.records.threads.empty()) return;
  const auto& threads = judge_.records.threads;
  const auto& [name, truth] =
      *std::next(threads.begin(), static_cast<std::ptrdiff_t>(chance.upto(threads.size())));
  Engine& engine = process_.engine();
  if (!truth.there() || truth.erase_asked || !engine.mended(name)) return;
  const auto expect = [this](const std::string& code, const auto& result) {
    const std::string answer = result ? "well" : result.error().code;
    if (answer == "stopping") return;
    if (answer != code)
      return judge_.records.found("what should be " + code + " is answered " + answer);
    ++judge_.records.counts["refused: " + code];
  };
  expect("unknown_run", engine.run(name.owner, name, RunId("nowhere")));
  expect("unknown_message",
         engine.messages(name.owner, name, {MessageId("never"), 1, std::nullopt}));
  const auto now = engine.thread_at(name.owner, name, std::nullopt);
  if (!now) return judge_.records.found("a thread of its user's can't be read");
  for (const RunId& id : truth.runs()) {
    const auto run = engine.run(name.owner, name, id);
    if (run && run->status == RunStatus::queued) {
      expect("not_started", engine.context(name.owner, name, id));
    }
  }
  SyncRequest request;
  request.thread = name;
  request.changes.user = name.owner;
  request.changes.changes.resize(limits::changes_max + 1);
  engine.sync(std::move(request), [this, expect](const Result<SyncReply>& reply) {
    if (!process_.dying()) expect("too_large", reply);
  });
  if (chance.one_in(8)) flood(name);
}

// Sends more than a thread's lane holds: the lane refuses the excess at once, and answers the rest.
void World::flood(const ThreadName& name) {
  for (std::size_t left = limits::lane_inputs_max + 1; left > 0; --left) {
    StepBatch batch{RunId("nowhere"), 1, {{1, EndRun{RunStatus::completed, {}, {}}}}};
    process_.engine().write(name.owner, name, std::move(batch),
                            [this](const std::expected<StepAck, StepRefusal>& answer) {
                              if (process_.dying()) return;
                              check_astray(judge_, {"unknown_run"}, answer);
                              if (answer || answer.error().code != "overloaded") return;
                              ++judge_.records.counts["steps refused: overloaded"];
                            });
  }
}

// A front takes a model's run for its own.
void World::meddle(Chance& chance) {
  if (!process_.ready()) return;
  for (const auto& [name, truth] : judge_.records.threads) {
    for (const RunId& id : truth.runs()) {
      const test::RunLife& run = *truth.run(id);
      if (run.ended || run.agent == AgentName("push") || chance.one_in(2)) continue;
      StepBatch batch{id, 1, {{run.seq + 1, EndRun{RunStatus::completed, {}, {}}}}};
      process_.engine().write(name.owner, name, std::move(batch),
                              [this](const std::expected<StepAck, StepRefusal>& answer) {
                                if (process_.dying()) return;
                                check_astray(judge_, {"written_here"}, answer);
                              });
    }
  }
}

}  // namespace lockstep::sim
