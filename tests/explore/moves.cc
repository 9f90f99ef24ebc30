// SPDX-License-Identifier: Apache-2.0
#include "tests/explore/moves.h"

#include <algorithm>
#include <utility>

#include "engine/base/must.h"
#include "engine/rules/fold.h"
#include "tests/explore/laws.h"
#include "tests/explore/line.h"
#include "tests/explore/presses.h"
#include "tests/laws/front.h"

namespace lockstep::explore {
namespace {

constexpr const char* change_names[] = {"start_run", "put_message", "delete_message",
                                        "stop_run",  "move_head",   "update_thread"};

bool never_json(std::string_view /*text*/) { return false; }

Timestamp next_time(const World& world) { return Timestamp(world.now().now.get() + 1); }

// The tokens of a run: one character each, no two the same.
std::string token(std::uint32_t run, std::size_t index) {
  if (index % 2 == 1) {
    return std::string("\xF0\x9F\x98") + static_cast<char>(0x80 + 4 * run + index);
  }
  return {static_cast<char>('a' + 4 * run + index)};
}

Step step_of(std::uint32_t run, const std::vector<Saying>& said, std::uint64_t seq) {
  const auto at = said.begin() + static_cast<std::ptrdiff_t>(seq - 1);
  switch (*at) {
    case Saying::opens:
      return {seq, OpenMessage{reply_of(run), {}, Role::assistant, {}}};
    case Saying::token: {
      const auto former = std::count(said.begin(), at, Saying::token);
      return {seq, AppendContent{reply_of(run), 0, token(run, static_cast<std::size_t>(former))}};
    }
    case Saying::message_over:
      return {seq, EndMessage{reply_of(run), MessageStatus::complete, {}}};
    case Saying::completed:
      return {seq, EndRun{RunStatus::completed, {}, {}}};
    case Saying::failed:
      return {seq, EndRun{RunStatus::failed, RunError{"upstream", "it broke"}, {}}};
  }
  std::unreachable();
}

// The steps that the producer's action adds.
std::vector<Saying> sayings(const Producer& producer, const Action& action) {
  const bool opened = !producer.said.empty();
  std::vector<Saying> added;
  if (action.two_steps) added.push_back(opened ? Saying::token : Saying::opens);
  constexpr std::array last{Saying::opens, Saying::token, Saying::message_over, Saying::completed,
                            Saying::failed};
  const auto first = static_cast<std::size_t>(Kind::opens_message);
  added.push_back(last[static_cast<std::size_t>(action.kind) - first]);
  return added;
}

// The texts after these steps were taken, some of which were known before.
Texts texts_with(const ThreadState& before, const StepBatch& batch) {
  Texts texts = texts_of(before);
  const std::uint64_t known = before.run(batch.run)->seq;
  for (const Step& step : batch.steps) {
    const auto* append = std::get_if<AppendContent>(&step.what);
    if (!append || step.seq <= known) continue;
    std::string& text = texts[append->message];
    text += (text.empty() ? "|" : "") + append->text;
  }
  return texts;
}

bool same_answer(std::vector<Outcome> again, const std::vector<Outcome>& first) {
  for (Outcome& outcome : again) outcome.duplicate = false;
  return again == first;
}

StepBatch batch_of(std::uint32_t run, const std::vector<Saying>& said, std::uint64_t first) {
  StepBatch batch{run_named(run), 1, {}};
  for (std::uint64_t seq = first; seq <= said.size(); ++seq) {
    batch.steps.push_back(step_of(run, said, seq));
  }
  return batch;
}

}  // namespace

Deciders engines_own() {
  return {[](const auto&... all) { return decide(all...); },
          [](const auto&... all) { return decide(all...); },
          [](const auto&... all) { return interrupt(all...); }};
}

std::optional<AgentSettings> OneAgent::settings(const AgentName& /*agent*/,
                                                const std::optional<Json>& /*params*/) const {
  return AgentSettings{"{}", std::nullopt};
}

Mover::Mover(Deciders deciders)
    : deciders_(std::move(deciders)), rules_{agent_, never_json, epoch, {}} {}

void Mover::count_outcome(const std::string& name) {
  if (counting_) ++counts_.outcomes[name];
}

std::string Mover::move(World& world, const Action& action) {
  if (counting_) ++counts_.actions[static_cast<std::size_t>(action.kind)];
  std::string wrong;
  if (action.kind == Kind::crash) {
    wrong = crash(world);
  } else if (is_producers(action.kind)) {
    wrong = batch_arrives(world, action);
  } else {
    wrong = request_arrives(world, action);
  }
  world.forget();
  return wrong;
}

std::string Mover::repeat(const World& world) {
  for (std::size_t front = 0; front < fronts; ++front) {
    if (!world.front[front].asked) continue;
    Asked asked = *world.front[front].asked;
    // The world may have forgotten the state that it saw then; a known change is answered without
    // it.
    asked.seen = world.front[front].cursor;
    for (Change& change : asked.changes) change.seen = Cursor{asked.seen, epoch};
    if (std::string wrong = request_repeats(world, front, asked); !wrong.empty()) return wrong;
  }
  for (std::size_t number = 0; number < world.now().runs.size(); ++number) {
    const RunState& row = world.now().runs[number];
    if (!row.run.started) continue;
    if (std::string wrong = batches_repeat(world, row); !wrong.empty()) return wrong;
  }
  return {};
}

// --- Fronts --------------------------------------------------------------------------------------

Decision Mover::decide_changes(const World& world, std::size_t front, const Asked& asked) const {
  const DeviceKey device = device_of(front);
  const ChangeRequest request{
      device.user, device.device, Cursor{asked.seen, epoch}, {}, asked.changes};
  Pasts pasts;
  for (const Timestamp seen : pasts_needed(world.now(), request, rules_)) {
    pasts.emplace(seen, world.past(seen));
  }
  return deciders_.changes(world.now(), pasts, request, next_time(world), rules_);
}

std::string Mover::request_arrives(World& world, const Action& action) {
  const World before = world;
  Front& front = world.front[action.front];
  Asked asked = press(world, action);
  Decision decision = decide_changes(world, action.front, asked);
  asked.outcomes = decision.outcomes;
  for (const Outcome& outcome : asked.outcomes) {
    count_outcome(std::string(change_names[static_cast<std::size_t>(outcome.type)]) + " " +
                  (outcome.applied ? "applied" : outcome.code));
  }
  if (std::string wrong = append(world, decision); !wrong.empty()) return wrong;
  if (world.moments.size() > before.moments.size()) {
    std::string wrong = law_of_entry(before.now(), world.moments.back()->entry, world.now(),
                                     action.kind == Kind::starts_interrupting);
    if (!wrong.empty()) return wrong;
  }
  if (std::string wrong = law_of_changes(before, asked, world); !wrong.empty()) return wrong;
  std::string wrong = request_repeats(world, action.front, asked);
  front.asked = std::make_shared<const Asked>(std::move(asked));
  front.cursor = world.now().now;
  world.runs = static_cast<std::uint32_t>(world.now().runs.size());  // not those that were refused
  return wrong;
}

std::string Mover::request_repeats(const World& world, std::size_t front, const Asked& asked) {
  const Decision decision = decide_changes(world, front, asked);
  count_outcome("request repeated");
  if (decision.leaves_trace()) return "a request that was sent again changes something";
  if (!same_answer(decision.outcomes, asked.outcomes)) {
    return "a request that was sent again is answered otherwise";
  }
  return {};
}

// --- The producer, and the store -----------------------------------------------------------------

std::string Mover::batch_arrives(World& world, const Action& action) {
  const std::shared_ptr<const Moment> before = world.moments.back();
  const RunId run = before->state.runs[*before->state.running].run.id;
  Producer& producer = world.producer;
  if (producer.run != run) producer = {run, {}};
  const std::uint64_t first = producer.said.size() + 1;
  for (const Saying saying : sayings(producer, action)) producer.said.push_back(saying);
  const StepBatch batch = batch_of(number_of(run), producer.said, first);
  auto decision = deciders_.steps(before->state, batch, next_time(world), rules_);
  if (!decision) return "a batch is refused as " + decision.error().code;
  count_outcome("batch taken");
  if (std::string wrong = append(world, *decision); !wrong.empty()) return wrong;
  if (world.moments.back() == before) return "a batch leaves no trace";
  const Entry& entry = world.moments.back()->entry;
  std::string wrong = law_of_entry(before->state, entry, world.now(), false);
  if (wrong.empty()) wrong = texts_are(texts_with(before->state, batch), world.now());
  Line line(before->state);
  if (action.kind == Kind::completes_run) line.completes();
  if (action.kind == Kind::fails_run) line.breaks(RunStatus::failed);
  line.moves_on();
  return wrong.empty() ? line.differs_from(world.now()) : wrong;
}

std::string Mover::refused(const World& world, const StepBatch& batch, const std::string& code) {
  const auto decision = deciders_.steps(world.now(), batch, next_time(world), rules_);
  if (decision) return "a batch is taken that should be refused as " + code;
  count_outcome("batch refused as " + decision.error().code);
  if (decision.error().code != code) return "a batch is refused as " + decision.error().code;
  const RunState& row = *world.now().run(batch.run);
  if (code == "gap" && decision.error().expected != row.seq + 1) return "a gap is told wrongly";
  if (code != "ended") return {};
  if (decision.error().status == row.run.status && decision.error().seq == row.seq) return {};
  return "a producer is told another end than its run's";
}

std::string Mover::batches_repeat(const World& world, const RunState& row) {
  const std::uint32_t run = number_of(row.run.id);
  std::vector<Saying> said;
  if (world.producer.run == row.run.id) said = world.producer.said;
  const std::uint64_t known = row.seq;
  said.resize(known, Saying::token);  // the output of earlier runs no longer matters
  said.resize(known + 2, Saying::completed);
  const StepBatch next = batch_of(run, said, known + 1);
  const StepBatch behind = batch_of(run, said, known + 2);
  StepBatch again = batch_of(run, said, 1);
  again.steps.resize(known);
  if (is_over(row.run.status)) {
    if (std::string wrong = refused(world, next, "ended"); !wrong.empty()) return wrong;
    if (!row.ended_by_producer) return known == 0 ? "" : refused(world, again, "ended");
  } else if (std::string wrong = refused(world, behind, "gap"); !wrong.empty()) {
    return wrong;
  }
  if (known == 0) return {};
  const auto decision = deciders_.steps(world.now(), again, next_time(world), rules_);
  count_outcome("batch repeated");
  if (!decision) return "a batch that is known is refused as " + decision.error().code;
  return decision->leaves_trace() ? "a batch that was sent again changes something" : "";
}

std::string Mover::crash(World& world) {
  const std::shared_ptr<const Moment> before = world.moments.back();
  Decision decision = deciders_.crash(before->state, {"interrupted", "the store was restarted"},
                                      next_time(world), rules_);
  if (std::string wrong = append(world, decision); !wrong.empty()) return wrong;
  const Entry& entry = world.moments.back()->entry;
  std::string wrong = law_of_entry(before->state, entry, world.now(), false);
  if (wrong.empty()) wrong = texts_are(texts_of(before->state), world.now());
  Line line(before->state);
  line.breaks(RunStatus::interrupted);
  return wrong.empty() ? line.differs_from(world.now()) : wrong;
}

std::string Mover::append(World& world, Decision& decision) {
  if (!decision.leaves_trace()) return {};
  Entry& entry = decision.entry;
  const ThreadState& before = world.now();
  if (entry.previous != before.now || entry.at != next_time(world)) {
    return "an entry does not follow the one before it";
  }
  if (before.now == Timestamp()) entry.origin = Origin{before.thread.id, before.owner};
  if (const std::string why = unfoldable(before, entry); !why.empty()) {
    return "an entry can't have happened: " + why;
  }
  auto moment =
      std::make_shared<Moment>(Moment{std::move(entry), before, world.moments.back()->screen});
  fold(moment->state, moment->entry);
  if (std::string wrong = test::take(moment->screen, moment->entry); !wrong.empty()) return wrong;
  world.moments.push_back(std::move(moment));
  return {};
}

}  // namespace lockstep::explore
