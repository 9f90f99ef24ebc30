// SPDX-License-Identifier: Apache-2.0
#include "tests/explore/calls.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "engine/base/must.h"
#include "engine/rules/fold.h"
#include "tests/explore/calls_key.h"
#include "tests/laws/front.h"
#include "tests/laws/oracle_difference.h"

namespace lockstep::explore {
namespace {

constexpr std::size_t earlier_states = 3;  // of which the law of the diff is checked

Change change_of(decltype(Change::what) what, std::optional<Timestamp> seen = {}) {
  Change change{std::nullopt, {}, {}, std::move(what)};
  if (seen) change.seen = Cursor{*seen, epoch};
  change.content = content_of(change);
  return change;
}

StepBatch batch_of(const RunState& row, std::vector<decltype(lockstep::Step::what)> steps) {
  StepBatch batch{row.run.id, row.run.attempt, {}};
  std::uint64_t seq = row.seq;
  for (auto& what : steps) batch.steps.push_back({++seq, std::move(what)});
  return batch;
}

MessageId answer_of(const RunState& row) { return MessageId("a." + row.run.id.get()); }

Past past_of(const CallsWorld& world, Timestamp since) {
  std::vector<const Entry*> later;
  for (const auto& entry : world.entries) {
    if (entry->at > since) later.push_back(entry.get());
  }
  return past_since(world.state, later, since);
}

std::string name_of_end(const Resume& resume) {
  if (resume.status == ResumeStatus::waiting) return "waits";
  return resume.status == ResumeStatus::resumed ? "resumed" : "given up: " + resume.why;
}

}  // namespace

CallsWorld::CallsWorld() : oracle(epoch.get()) {
  state.thread.id = ThreadId("thread");
  state.owner = UserId("ann");
}

CallsExplorer::CallsExplorer(const CallsBounds& bounds, CallsDeciders deciders)
    : bounds_(bounds), deciders_(std::move(deciders)) {
  CallsWorld first;
  visited_.add(key_of(first));
  nodes_.emplace_back();
  walk_.push_back({0, std::move(first)});
  progress_.worlds = progress_.open = 1;
  progress_.layers = {1};
}

Rules CallsExplorer::rules() const { return {agents_, test::is_json_object, epoch, {}}; }

// --- The actions ---------------------------------------------------------------------------------

std::string CallsExplorer::move(CallsWorld& world, const CallsAction& action) {
  count(std::string("does ") + name_of(action.kind));
  ++world.done[action.kind];
  ++world.clock;
  if (action.kind == CallsKind::time_passes) {
    world.clock += 2 * static_cast<std::uint64_t>(agents_.answers_in.count());
    return {};
  }
  std::string wrong;
  if (action.kind == CallsKind::crashes) {
    world.oracle.crash(world.clock);
    Decision decision = deciders_.usual.crash(world.state, {"interrupted", "crashed"},
                                              Timestamp(world.clock), rules());
    wrong = append(world, decision);
  } else if (action.kind == CallsKind::claims || action.kind == CallsKind::falls_back) {
    wrong = attempt(world, action);
  } else if (action.kind >= CallsKind::opens_message) {
    wrong = write(world, action);
  } else {
    wrong = ask(world, action);
  }
  return wrong.empty() ? compare(world) : wrong;
}

std::string CallsExplorer::ask(CallsWorld& world, const CallsAction& action) {
  const ThreadState& state = world.state;
  ChangeRequest request{UserId("ann"), {}, {}, {}, {}};
  const auto add = [&](decltype(Change::what) what, std::optional<Timestamp> seen = {}) {
    request.changes.push_back(change_of(std::move(what), seen));
  };
  const auto message = [&]() -> const Message& { return state.messages[action.number].message; };
  const auto call = [&] { return std::get<ToolCallPart>(message().parts[action.part]).id; };
  switch (action.kind) {
    case CallsKind::starts:
    case CallsKind::continues: {
      StartRun start;
      const std::string number = std::to_string(state.runs.size());
      start.run = RunId("r" + number);
      start.agent = AgentName("careful");
      start.resumes = true;
      if (action.kind == CallsKind::starts) start.input = {test::input("u" + number, "hello")};
      if (action.kind == CallsKind::continues) start.continues = message().id;
      start.when_busy = WhenBusy::queue;
      add(std::move(start));
      break;
    }
    case CallsKind::answers:
      add(AnswerCall{message().id, call(), "found", false,
                     MessageId("t" + std::to_string(state.messages.size()))});
      break;
    case CallsKind::approves:
    case CallsKind::approves_always:
      add(DecideCall{message().id, call(), CallStatus::approved, "",
                     action.kind == CallsKind::approves_always});
      break;
    case CallsKind::denies:
      add(DecideCall{message().id, call(), CallStatus::denied, "no", false});
      break;
    case CallsKind::begins_work:
      add(DecideCall{message().id, call(), CallStatus::running, "", false});
      break;
    case CallsKind::stops:
      add(StopRun{state.runs[action.number].run.id, {}});
      break;
    case CallsKind::stops_all:
      add(StopRun{state.runs[action.number].run.id, {}}, state.runs[action.number].run.started);
      break;
    case CallsKind::moves_head:
      add(MoveHead{message().id});
      break;
    default:
      add(DeleteMessage{message().id, false});
  }
  const std::vector<oracle::Answer> expected = world.oracle.take(request, world.clock);
  Pasts pasts;
  for (const Timestamp since : pasts_needed(state, request, rules())) {
    pasts.emplace(since, past_of(world, since));
  }
  Decision decision =
      deciders_.usual.changes(state, pasts, request, Timestamp(world.clock), rules());
  const Outcome& outcome = decision.outcomes.front();
  count("change " + std::string(name_of(action.kind)) + " " +
        (outcome.applied ? "applied" : outcome.code));
  if (outcome.applied != expected.front().applied || outcome.code != expected.front().code) {
    return "it is answered `" + outcome.code + "`, not `" + expected.front().code + "`";
  }
  return append(world, decision);
}

std::string CallsExplorer::write(CallsWorld& world, const CallsAction& action) {
  const RunState& row = world.state.runs[*world.state.running];
  const MessageId id = answer_of(row);
  const MessageState* open = world.state.message(id);
  const auto call = [&](const char* tool) {
    const std::string number = std::to_string(open->message.parts.size());
    return StartPart{id, {}, ToolCallPart{"c" + number + row.run.id.get(), tool, "{}"}};
  };
  std::vector<decltype(lockstep::Step::what)> steps;
  switch (action.kind) {
    case CallsKind::opens_message:
      steps.emplace_back(OpenMessage{id, {}, Role::assistant, {}});
      break;
    case CallsKind::calls_write:
      steps.emplace_back(call("write"));
      break;
    case CallsKind::calls_look:
      steps.emplace_back(call("look"));
      break;
    case CallsKind::cuts_message:
      steps.emplace_back(CutMessage{id, {1}});  // a whole object is cut to half of one
      break;
    case CallsKind::ends_message:
      steps.emplace_back(EndMessage{id, MessageStatus::complete, {}, {}});
      break;
    default: {
      const bool well = action.kind == CallsKind::completes;
      steps.emplace_back(EndRun{well ? RunStatus::completed : RunStatus::failed, {}, {}, {}});
    }
  }
  const StepBatch batch = batch_of(row, std::move(steps));
  const std::string expected = world.oracle.take(batch, world.clock);
  auto decision = deciders_.usual.steps(world.state, batch, Timestamp(world.clock), rules());
  const std::string got = decision ? "" : decision.error().code;
  if (got != expected) return "steps are answered `" + got + "`, not `" + expected + "`";
  return decision ? append(world, *decision) : "";
}

std::string CallsExplorer::attempt(CallsWorld& world, const CallsAction& action) {
  const RunState& row = world.state.runs[*world.state.running];
  AttemptRequest request{.run = row.run.id, .former = row.run.attempt};
  if (action.kind == CallsKind::claims) request.claim = "secret";
  if (action.kind == CallsKind::falls_back) request.agent = AgentName("default");
  const std::string expected = world.oracle.take(request, world.clock);
  auto decision = deciders_.attempt(world.state, request, Timestamp(world.clock), rules());
  const std::string got = decision ? "" : decision.error().code;
  count(std::string("attempt ") + (got.empty() ? "taken" : got));
  if (got != expected) return "an attempt is answered `" + got + "`, not `" + expected + "`";
  return decision ? append(world, *decision) : "";
}

// --- The laws ------------------------------------------------------------------------------------

std::string CallsExplorer::append(CallsWorld& world, Decision& decision) {
  if (!decision.leaves_trace()) return {};
  if (world.entries.empty()) decision.entry.origin = Origin{ThreadId("thread"), UserId("ann")};
  if (std::string why = unfoldable(world.state, decision.entry); !why.empty()) return why;
  for (const Event& event : decision.entry.events) {
    const auto* noted = std::get_if<ResumeNoted>(&event);
    if (noted) count("a run " + name_of_end(noted->resume));
  }
  world.states.push_back(world.state);
  world.entries.push_back(std::make_shared<const Entry>(decision.entry));
  fold(world.state, decision.entry);
  return world.law.look(world.states.back(), *world.entries.back(), world.oracle.now());
}

std::string CallsExplorer::compare(CallsWorld& world) const {
  std::string wrong = test::difference(screen_of(world.state), world.oracle.now());
  if (wrong.empty()) wrong = test::opaque_difference(world.state, world.oracle.now());
  return wrong.empty() ? former_writer(world) : wrong;
}

// Whatever a writer believes whose run was claimed: nothing of it is taken.
std::string CallsExplorer::former_writer(const CallsWorld& world) const {
  if (!world.state.running) return {};
  const RunState& row = world.state.runs[*world.state.running];
  if (row.run.attempt == 1) return {};
  const StepBatch batch{row.run.id, 1, {{1, EndRun{RunStatus::completed, {}, {}, {}}}}};
  const auto decision =
      deciders_.usual.steps(world.state, batch, Timestamp(world.clock + 1), rules());
  if (decision) return "a step of a former attempt is taken";
  return decision.error().code == "fenced" ? "" : "a former writer is not told that it is fenced";
}

std::string CallsExplorer::law_of_diffs(const CallsWorld& world) const {
  const Screen now = screen_of(world.state);
  for (std::size_t at = world.states.size(), left = earlier_states; at-- > 0 && left-- > 0;) {
    const ThreadState& then = world.states[at];
    const Past past = past_of(world, then.now);
    const Diff difference = diff(world.state, then.now, &past);
    Screen screen = screen_of(then);
    for (int times = 0; times < 2; ++times) {
      if (std::string wrong = test::take(screen, difference); !wrong.empty()) return wrong;
      if (screen != now) return "a diff does not lead to now: " + test::difference(screen, now);
    }
  }
  return {};
}

// --- The search ----------------------------------------------------------------------------------

const CallsWorld& CallsExplorer::world_of(std::uint32_t node, std::size_t depth) {
  std::vector<std::uint32_t> ahead;
  while (depth >= walk_.size() || walk_[depth].node != node) {
    ahead.push_back(node);
    node = nodes_[node].parent;
    --depth;
  }
  walk_.resize(depth + 1);
  counting_ = false;
  for (; !ahead.empty(); ahead.pop_back()) {
    CallsWorld world = walk_.back().world;
    const std::string wrong = move(world, nodes_[ahead.back()].action);
    MUST(wrong.empty());
    walk_.push_back({ahead.back(), std::move(world)});
  }
  counting_ = true;
  return walk_.back().world;
}

std::optional<CallsExplorer::Found> CallsExplorer::go_on_from(std::uint32_t node,
                                                              std::size_t depth) {
  const CallsWorld& world = world_of(node, depth);
  for (const CallsAction& action : possible(world)) {
    CallsWorld next = world;
    std::string wrong = move(next, action);
    ++progress_.transitions;
    if (wrong.empty() && visited_.add(key_of(next))) {
      nodes_.push_back({node, action});
      wrong = law_of_diffs(next);
    }
    if (wrong.empty()) continue;
    std::vector<CallsAction> path{action};
    for (; node != 0; node = nodes_[node].parent) path.push_back(nodes_[node].action);
    std::ranges::reverse(path);
    return Found{std::move(wrong), std::move(path)};
  }
  return std::nullopt;
}

std::optional<CallsExplorer::Found> CallsExplorer::explore(
    const Limits& limits, const std::function<void(const Progress&)>& tell) {
  const auto began = std::chrono::steady_clock::now();
  const auto seconds = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  };
  std::size_t next = nodes_.size() - progress_.open;
  std::optional<Found> found;
  bool late = false;
  while (!found && !late && progress_.depth < limits.depth && progress_.open > 0) {
    const std::size_t end = nodes_.size();
    for (; next < end && !found && !late; ++next) {
      found = go_on_from(static_cast<std::uint32_t>(next), progress_.depth);
      late = limits.seconds > 0 && seconds() > limits.seconds;
    }
    progress_.layers.push_back(nodes_.size() - end);
    progress_.open = nodes_.size() - next;
    if (next == end && !found) ++progress_.depth;
    progress_.worlds = nodes_.size();
    progress_.seconds = seconds();
    if (tell) tell(progress_);
  }
  return found;
}

}  // namespace lockstep::explore
