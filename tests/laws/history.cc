// SPDX-License-Identifier: Apache-2.0
#include "tests/laws/history.h"

#include <algorithm>
#include <set>

#include "engine/rules/call_results.h"
#include "tests/laws/oracle_difference.h"

namespace lockstep::test {
namespace {

constexpr const char* words[] = {"one ",
                                 "two ",
                                 "the ",
                                 "\xC3\xA9t\xC3\xA9 ",
                                 "\xF0\x9F\x98\x80",
                                 "\xE6\xBC\xA2\xE5\xAD\x97",
                                 "a",
                                 "{\"k\":1}"};
// The results that the engine makes; a user's text may be the same.
constexpr const char* made_words[] = {"no result", "interrupted", "stopped by the user"};
constexpr const char* change_names[] = {"start_run",   "put_message", "delete_message",
                                        "stop_run",    "move_head",   "update_thread",
                                        "answer_call", "decide_call"};

}  // namespace

History::History(std::uint64_t seed, Counts& counts)
    : counts_(counts), chance_(seed), oracle_(Story::epoch.get()) {
  states_[0] = ThreadState();
  crowded_ = one_in(16);
  many_waits_ = one_in(50);
}

std::uint64_t History::upto(std::uint64_t count) { return chance_() % count; }

std::string History::word() { return words[upto(std::size(words))]; }

std::string History::fresh(const char* kind) { return kind + std::to_string(++ids_); }

std::string History::some_message() {
  if (message_ids_.empty() || one_in(12)) return "nowhere";
  // The latest ones are where things happen.
  const std::size_t span =
      one_in(3) ? message_ids_.size() : std::min<std::size_t>(6, message_ids_.size());
  return message_ids_[message_ids_.size() - 1 - upto(span)];
}

std::string History::some_run() {
  if (story_.state().running && !one_in(4)) {
    return story_.state().runs[*story_.state().running].run.id.get();
  }
  if (run_ids_.empty() || one_in(12)) return "norun";
  return run_ids_[run_ids_.size() - 1 - upto(std::min<std::size_t>(5, run_ids_.size()))];
}

std::optional<Cursor> History::some_cursor() {
  if (one_in(3)) return std::nullopt;
  if (one_in(40)) return Cursor{story_.now(), Epoch(1)};
  if (one_in(40)) return Cursor{Timestamp(story_.now().get() + 1 + upto(9)), Story::epoch};
  if (one_in(2)) return Cursor{story_.now(), Story::epoch};
  // Some timestamp since not too long ago, an entry's or between two.
  const std::uint64_t now = story_.now().get();
  const std::uint64_t back = upto(one_in(4) ? 200 : 12);
  return Cursor{Timestamp(now > back ? now - back : 0), Story::epoch};
}

std::optional<Place> History::some_place() {
  if (one_in(2)) return std::nullopt;
  Place place{one_in(2) ? Place::Kind::after : Place::Kind::parent, std::nullopt};
  if (!one_in(8)) place.message = MessageId(some_message());
  return place;
}

// Of a call that was made lately, on some branch; it may have been cut, or answered, or be open.
std::string History::some_call() {
  if (call_ids_.empty() || one_in(8)) return "c" + std::to_string(upto(1 + ids_ % 1000));
  return call_ids_[call_ids_.size() - 1 - upto(std::min<std::size_t>(4, call_ids_.size()))];
}

// One of the last calls of the path on the screen, as the runner of a tool takes it.
std::string History::some_shown_call() {
  const ThreadState& state = story_.state();
  std::vector<std::string> calls;
  for (const MessageState* row : state.path(state.thread.head)) {
    for (const Part& part : row->message.parts) {
      if (const auto* call = std::get_if<ToolCallPart>(&part)) calls.push_back(call->id);
    }
  }
  if (calls.empty()) return some_call();
  return calls[calls.size() - 1 - upto(std::min<std::size_t>(3, calls.size()))];
}

// Mostly an answer, as a user would choose it.
MessageId History::some_continued() {
  const ThreadState& state = story_.state();
  std::vector<MessageId> answers;
  for (std::size_t at = state.messages.size(); at-- > 0 && answers.size() < 4;) {
    const Message& message = state.messages[at].message;
    if (message.role == Role::assistant) answers.push_back(message.id);
  }
  if (answers.empty() || one_in(5)) return MessageId(some_message());
  return answers[upto(answers.size())];
}

Finish History::some_finish() {
  Finish finish;
  if (!one_in(3)) finish.reason = one_in(2) ? "length" : one_in(2) ? "stop" : "tool_calls";
  if (one_in(3)) finish.model = word();
  return finish;
}

std::vector<NotedRepair> History::some_repairs() {
  std::vector<NotedRepair> repairs;
  for (std::uint64_t count = upto(3); count > 0; --count) {
    repairs.push_back({one_in(2) ? "joined" : "no_result", 1 + upto(3), {some_message()}});
  }
  return repairs;
}

Part History::some_part() {
  switch (upto(10)) {
    case 8:
      return ToolResultPart{some_shown_call(), word()};
    case 0:
      return ReasoningPart{word()};
    case 1:
      // Model servers give an id again: in one answer, and in a later one.
      call_ids_.push_back(!call_ids_.empty() && one_in(4) ? some_call() : fresh("c"));
      return ToolCallPart{call_ids_.back(), one_in(2) ? "write" : "look",
                          one_in(3) ? "{\"at\":" : "{\"at\":1}"};
    case 2:
      return ToolResultPart{one_in(3) ? some_call() : some_shown_call(),
                            one_in(8) ? made_words[upto(3)] : word(), one_in(6), one_in(4)};
    case 3:
      return FilePart{"file:" + fresh("f"), std::nullopt, "name"};
    case 4:
      return DataPart{"data", Json{"{\"v\":1}"}};
    default:
      return TextPart{word()};
  }
}

std::vector<Part> History::some_parts() {
  std::vector<Part> parts;
  for (std::uint64_t count = upto(3); count > 0; --count) parts.push_back(some_part());
  return parts;
}

MessageInput History::some_input() {
  MessageInput input;
  input.id = MessageId(one_in(15) ? some_message() : fresh("m"));
  input.role = one_in(8) ? Role::tool : Role::user;
  input.parts = some_parts();
  if (one_in(4)) input.author = "ann";
  if (one_in(4)) input.metadata = Json{"{\"m\":1}"};
  message_ids_.push_back(input.id.get());
  return input;
}

AgentName History::some_agent() {
  constexpr const char* names[] = {"default", "default", "careful", "hasty", "push"};
  return AgentName(one_in(25) ? "nobody" : names[upto(std::size(names))]);
}

StartRun History::some_start() {
  StartRun start;
  start.run = RunId(one_in(12) ? some_run() : fresh("r"));
  if (!reserved_.empty() && one_in(2)) {
    start.run = RunId(std::exchange(reserved_, ""));
  } else if (one_in(25)) {
    reserved_ = start.run.get();  // a later run, whose next one would have this id
    start.run = RunId(reserved_ + ".2");
  }
  start.agent = some_agent();
  start.resumes = one_in(2);
  const bool goes_on = one_in(4);
  if (goes_on) start.continues = some_continued();
  if (!goes_on || one_in(12)) {
    for (std::uint64_t count = upto(3); count > 0; --count) start.input.push_back(some_input());
    start.place = some_place();
  }
  if (one_in(3)) start.when_busy = static_cast<WhenBusy>(upto(4));
  if (crowded_) start.when_busy = WhenBusy::queue;
  if (one_in(6)) start.needs.push_back(Op(upto(6) + 1));
  run_ids_.push_back(start.run.get());
  return start;
}

std::pair<MessageId, std::string> History::some_made_call() {
  const ThreadState& state = story_.state();
  std::vector<std::pair<MessageId, std::string>> calls;
  for (std::size_t at = state.messages.size(); at-- > 0 && calls.size() < 5;) {
    for (const Part& part : state.messages[at].message.parts) {
      const auto* call = std::get_if<ToolCallPart>(&part);
      if (call) calls.emplace_back(state.messages[at].message.id, call->id);
    }
  }
  if (calls.empty() || one_in(12)) return {MessageId(some_message()), some_call()};
  return calls[upto(calls.size())];
}

AnswerCall History::some_answer() {
  const auto [message, call] = some_made_call();
  AnswerCall answer{message, call, word(), one_in(4), MessageId(fresh("m"))};
  if (one_in(25)) answer.id = MessageId(some_message());
  message_ids_.push_back(answer.id.get());
  return answer;
}

DecideCall History::some_decision() {
  const auto [message, call] = some_made_call();
  DecideCall decide{message, call, static_cast<CallStatus>(1 + upto(3)), one_in(3) ? word() : "",
                    false};
  decide.always = decide.decision == CallStatus::approved && one_in(6);
  return decide;
}

decltype(Change::what) History::some_change() {
  if (!crowded_ && !story_.state().awaiting.empty() && one_in(2)) {
    if (one_in(3)) return some_decision();
    if (one_in(12)) {
      const auto& waits = story_.state().awaiting;
      return StopRun{story_.state().runs[waits[upto(waits.size())]].run.id, {}};
    }
    return some_answer();
  }
  switch (upto(crowded_ ? 4 : 20)) {
    case 0:
    case 1:
    case 2:
    case 4:
      return some_start();
    case 16:
    case 17:
      if (call_ids_.empty()) return some_start();
      return some_answer();
    case 18:
    case 19:
      if (call_ids_.empty()) return some_start();
      return some_decision();
    case 3:
    case 5:
    case 6:
    case 7: {
      PutMessage put;
      put.id = MessageId(one_in(3) ? some_message() : fresh("m"));
      if (one_in(3)) put.role = static_cast<Role>(upto(4));
      put.parts = some_parts();
      if (const MessageState* there = story_.state().message(put.id); there && one_in(2)) {
        put.parts = there->message.parts;  // as it was, or with another first part
        if (one_in(2) && !put.parts.empty()) put.parts.edit().front() = some_part();
      }
      if (one_in(4)) put.author = word();
      put.place = some_place();
      put.if_absent = one_in(6);
      put.if_unchanged = one_in(3);
      message_ids_.push_back(put.id.get());
      return put;
    }
    case 8:
    case 9: {
      if (one_in(3)) return DeleteMessage{MessageId(some_message()), one_in(3)};
      UpdateThread update{word(), one_in(2), std::nullopt};
      if (one_in(3)) update.approved_tools.emplace(upto(3), one_in(2) ? "look" : "write");
      return update;
    }
    case 10: {
      MoveHead move;
      if (!one_in(10)) move.head = MessageId(some_message());
      return move;
    }
    default: {
      StopRun stop;
      if (!one_in(3)) stop.run = RunId(some_run());
      for (std::uint64_t count = one_in(3) ? upto(3) : 0; count > 0; --count) {
        stop.shown.push_back({MessageId(some_message()), static_cast<std::uint32_t>(upto(3)),
                              static_cast<Units>(upto(12))});
      }
      return stop;
    }
  }
}

std::string History::say_changes() {
  ChangeRequest request;
  request.user = UserId("ann");
  const std::string device = one_in(2) ? "phone" : "laptop";
  request.device = DeviceId(device);
  request.cursor = some_cursor();
  // The session has checked a request's own cursor before it gets here.
  if (request.cursor && check(*request.cursor, story_.now(), story_.rules()) != CursorCheck::good) {
    request.cursor.reset();
  }
  if (one_in(25)) request.if_head = MessageId(some_message());
  for (std::uint64_t count = 1 + (one_in(4) ? upto(4) : 0); count > 0; --count) {
    if (!sent_.empty() && one_in(8)) {
      auto [sender, change] =
          sent_[sent_.size() - 1 - upto(std::min<std::size_t>(sent_.size(), one_in(4) ? 90 : 9))];
      request.device = DeviceId(sender);
      if (one_in(4)) change.what = UpdateThread{"reused", {}, {}};
      change.content = content_of(change);
      request.changes.push_back(std::move(change));
      continue;
    }
    Change change{std::nullopt, some_cursor(), {}, some_change()};
    if (!one_in(3)) change.op = Op(ops_[request.device->get()] += 1 + upto(2));
    change.content = content_of(change);
    if (change.op) sent_.emplace_back(request.device->get(), change);
    request.changes.push_back(std::move(change));
  }
  return say(request);
}

std::string History::say(const ChangeRequest& request) {
  const std::vector<oracle::Answer> expected = oracle_.take(request, ++clock_);
  const std::vector<Outcome> outcomes = story_.say(request);
  said_ = "changes:";
  for (const Change& change : request.changes) {
    said_ += std::string(" ") + change_names[change.what.index()];
  }
  for (std::size_t at = 0; at < outcomes.size(); ++at) {
    const bool started = outcomes[at].type == ChangeType::start_run && outcomes[at].applied;
    const oracle::Answer got{outcomes[at].applied, outcomes[at].duplicate, outcomes[at].code,
                             started && outcomes[at].run ? outcomes[at].run->get() : ""};
    if (got != expected[at]) {
      return said_ + ": outcome " + std::to_string(at) + " is '" + got.code + "' " + got.run +
             ", not '" + expected[at].code + "' " + expected[at].run;
    }
    count(request.changes[at], outcomes[at]);
    ++counts_[std::string("change ") + change_names[static_cast<std::size_t>(outcomes[at].type)] +
              (got.applied ? " applied" : " refused")];
    if (!got.code.empty()) ++counts_["refusal " + got.code];
    const bool calls = outcomes[at].type >= ChangeType::answer_call;
    if (calls && !got.code.empty() && !got.duplicate) {
      ++counts_[std::string(change_names[static_cast<std::size_t>(outcomes[at].type)]) +
                " refused " + got.code];
    }
    if (got.duplicate) ++counts_["duplicate"];
  }
  return compare(said_);
}

std::string History::own_message(const std::string& run) {
  const RunState* row = story_.state().run(RunId(run));
  if (!row || row->messages.empty() || one_in(25)) return some_message();
  return story_.state()
      .messages[row->messages[row->messages.size() - 1 -
                              upto(std::min<std::size_t>(2, row->messages.size()))]]
      .message.id.get();
}

decltype(Step::what) History::some_step(const std::string& run) {
  const RunState* row = story_.state().run(RunId(run));
  const bool silent = !row || row->messages.empty();
  if (silent ? !one_in(6) : one_in(12)) {
    OpenMessage open;
    open.message = MessageId(one_in(20) ? some_message() : fresh("m"));
    if (one_in(5)) open.parent = MessageId(some_message());
    if (one_in(4)) open.author = "critic";
    if (one_in(12)) open.role = Role::tool;
    message_ids_.push_back(open.message.get());
    return open;
  }
  const MessageId message(own_message(run));
  if (one_in(16)) {
    const MessageState* there = story_.state().message(message);
    const std::size_t parts = there ? there->message.parts.size() : 0;
    if (one_in(2)) {
      CutMessage cut{message, {}};
      cut.keep.resize(upto(parts + (one_in(12) ? 3 : 1)));
      for (Units& units : cut.keep) units = static_cast<Units>(upto(14));
      return cut;
    }
    std::uint32_t part = static_cast<std::uint32_t>(upto(parts + 1));
    for (std::size_t at = 0; there && at < parts && !one_in(8); ++at) {
      if (std::holds_alternative<ToolCallPart>(there->message.parts[at])) {
        part = static_cast<std::uint32_t>(at);
      }
    }
    return NoteCall{message,
                    {part,
                     one_in(2)    ? CallStatus::needs_approval
                     : one_in(12) ? CallStatus::approved
                                  : CallStatus::running,
                     one_in(3) ? word() : ""}};
  }
  switch (upto(crowded_ ? 14 : 18)) {
    case 0:
      return StartPart{message, std::nullopt, some_part()};
    case 1: {
      const MessageState* there = story_.state().message(message);
      return StartPart{
          message,
          static_cast<std::uint32_t>(there ? there->message.parts.size() : 0) + (one_in(8) ? 1 : 0),
          some_part()};
    }
    case 2:
      return EndMessage{message,
                        one_in(12)  ? MessageStatus::stopped
                        : one_in(4) ? MessageStatus::failed
                                    : MessageStatus::complete,
                        Json{"{\"tokens\":3}"}, some_finish()};
    case 3:
      return NoteRepairs{some_repairs()};
    case 4:
    case 5: {
      const MessageState* there = story_.state().message(message);
      const std::size_t parts = there ? there->message.parts.size() : 0;
      NoteOpaque note{message, {{}, "server", Json{"\"" + word() + "\""}}};
      if (!one_in(4)) {
        note.data.part = static_cast<std::uint32_t>(one_in(8) || parts == 0 ? parts : upto(parts));
      }
      return note;
    }
    case 14:
      return EndRun{one_in(10)  ? RunStatus::stopped
                    : one_in(3) ? RunStatus::failed
                    : one_in(3) ? RunStatus::interrupted
                                : RunStatus::completed,
                    {},
                    one_in(2) ? std::optional(Json{"{\"tokens\":9}"}) : std::nullopt,
                    some_finish()};
    default: {
      const MessageState* there = story_.state().message(message);
      const std::size_t parts = there ? there->message.parts.size() : 0;
      const std::size_t part = parts == 0 || one_in(12) ? parts + (one_in(6) ? 1 : 0)
                               : one_in(4)              ? upto(parts)
                                                        : parts - 1;
      return AppendContent{message, static_cast<std::uint32_t>(part),
                           one_in(20)  ? ""
                           : one_in(6) ? "1}"
                                       : word()};
    }
  }
}

std::string History::say_steps() {
  StepBatch batch;
  if (!batches_.empty() && one_in(10)) {
    batch = batches_[batches_.size() - 1 - upto(std::min<std::size_t>(4, batches_.size()))];
  } else {
    const std::string run = some_run();
    const RunState* row = story_.state().run(RunId(run));
    std::uint64_t seq = row ? row->seq : 0;
    if (one_in(25)) seq += upto(3);
    const std::uint32_t attempt = row ? row->run.attempt : 1;
    batch = {
        RunId(run), one_in(40) ? attempt + 1 - static_cast<std::uint32_t>(upto(3)) : attempt, {}};
    if (!crowded_ && row && row->run.resume && one_in(12)) {
      for (const auto& what : calls_and_end()) batch.steps.push_back({++seq, what});
      batches_.push_back(batch);
      return say(batch);
    }
    for (std::uint64_t count = 1 + upto(one_in(3) ? 5 : 2); count > 0; --count) {
      batch.steps.push_back({++seq, some_step(run)});
    }
    batches_.push_back(batch);
  }
  return say(batch);
}

std::vector<decltype(Step::what)> History::calls_and_end() {
  std::vector<decltype(Step::what)> steps;
  const MessageId message(fresh("m"));
  message_ids_.push_back(message.get());
  steps.emplace_back(OpenMessage{message, {}, Role::assistant, {}});
  for (std::uint64_t count = 1 + upto(2); count > 0; --count) {
    call_ids_.push_back(fresh("c"));
    steps.emplace_back(StartPart{
        message, {}, ToolCallPart{call_ids_.back(), one_in(2) ? "write" : "look", "{\"at\":1}"}});
  }
  if (one_in(2)) steps.emplace_back(EndMessage{message, MessageStatus::complete, {}, {}});
  steps.emplace_back(EndRun{RunStatus::completed, {}, {}, {}});
  return steps;
}

std::string History::say(const StepBatch& batch) {
  const RunState* row = story_.state().run(batch.run);
  if (row && row->run.status == RunStatus::queued) return {};  // would wait for its turn
  said_ = "steps of " + batch.run.get();
  const std::string expected = oracle_.take(batch, ++clock_);
  const auto taken = story_.write(batch);
  const std::string got = taken ? "" : taken.error().code;
  if (got != expected) return said_ + ": '" + got + "', not '" + expected + "'";
  if (!got.empty()) ++counts_["step refusal " + got];
  return compare(said_);
}

std::string History::say_attempt() {
  AttemptRequest request{.run = RunId(some_run()), .former = 1};
  if (const RunState* row = story_.state().run(request.run)) request.former = row->run.attempt;
  if (one_in(8)) request.former += 1 - static_cast<std::uint32_t>(upto(3));
  if (one_in(2)) request.agent = some_agent();
  if (one_in(2)) request.claim = fresh("secret");
  if (one_in(3)) request.error = RunError{"upstream_failed", "no answer"};
  said_ = "an attempt of " + request.run.get();
  const std::string expected = oracle_.take(request, ++clock_);
  const auto taken = story_.attempt(request);
  const std::string got = taken ? "" : taken.error().code;
  if (got != expected) return said_ + ": '" + got + "', not '" + expected + "'";
  ++counts_[got.empty() ? request.claim.empty() ? "attempt" : "attempt claimed"
                        : "attempt refusal " + got];
  return compare(said_);
}

// Many runs wait for answers at once: each writes a branch of its own, and no change comes between.
std::string History::say_many_waits() {
  many_waits_ = false;
  ChangeRequest request{UserId("ann"), {}, {}, {}, {}};
  for (int count = 0; count < 20; ++count) {
    StartRun start;
    start.run = RunId(fresh("r"));
    start.agent = AgentName("careful");
    start.input.push_back(some_input());
    start.place = Place{Place::Kind::parent, std::nullopt};
    start.when_busy = WhenBusy::queue;
    start.resumes = true;
    run_ids_.push_back(start.run.get());
    to_wait_.push_back(start.run);
    request.changes.push_back({std::nullopt, {}, {}, std::move(start)});
    request.changes.back().content = content_of(request.changes.back());
  }
  return say(request);
}

// The next of them writes its calls, and ends.
std::string History::say_next_wait() {
  const RunId run = to_wait_.front();
  to_wait_.pop_front();
  const RunState* row = story_.state().run(run);
  if (!row || row->run.status != RunStatus::running) return {};
  StepBatch batch{run, 1, {}};
  for (const auto& what : calls_and_end()) batch.steps.push_back({batch.steps.size() + 1, what});
  return say(batch);
}

// What is not of the thread: time passes, an agent is removed or comes back, memory is short.
void History::change_outside() {
  if (one_in(40)) {
    const std::uint64_t ticks = 1 + upto(30);
    clock_ += ticks;
    story_.wait(std::chrono::microseconds(ticks));
  }
  // Not for long: nothing else happens meanwhile.
  if (one_in(oracle_.gone.empty() ? 120 : 10)) {
    constexpr const char* names[] = {"careful", "hasty", "default"};
    oracle_.gone = oracle_.gone.empty() ? names[upto(std::size(names))] : "";
    story_.agents().gone = AgentName(oracle_.gone);
  }
  if (one_in(oracle_.room ? 200 : 10)) {
    oracle_.room = !oracle_.room;
    story_.rules().room_for_run = oracle_.room;
  }
}

std::string History::say_crash() {
  said_ = "crash";
  oracle_.crash(++clock_);
  story_.crash();
  return compare(said_);
}

std::string History::go_on() {
  const bool streams = story_.state().running.has_value();
  is_new_ = false;
  change_outside();
  if (!to_wait_.empty()) return say_next_wait();
  if (many_waits_ && events_ > 60) return say_many_waits();
  if (!story_.entries().empty() && one_in(25)) return say_attempt();
  if (story_.entries().empty() || one_in(streams && !crowded_ ? 8 : 2)) return say_changes();
  if (one_in(crowded_ ? 400 : 60)) return say_crash();
  return say_steps();
}

std::string History::compare(const std::string& what) {
  if (!story_.entries().empty() && !states_.contains(story_.now().get())) {
    states_[story_.now().get()] = story_.state();
    is_new_ = true;
    count(story_.entries().back());
  }
  std::string found = difference(screen_of(story_.state()), oracle_.now());
  if (found.empty()) found = opaque_difference(story_.state(), oracle_.now());
  return found.empty() ? found : what + ": " + found;
}

}  // namespace lockstep::test
