// SPDX-License-Identifier: Apache-2.0
// The invariants of docs/architecture.md that concern a thread's pure half, over random histories.
// LOCKSTEP_HISTORIES sets their number (default 10,000); a failure prints its seed, and
// LOCKSTEP_SEED runs that seed alone.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstdlib>

#include "engine/rules/digest.h"
#include "server/codec/json_write.h"
#include "server/inference/compose.h"
#include "tests/laws/calls_law.h"
#include "tests/laws/history.h"
#include "tests/laws/native_law.h"
#include "tests/laws/oracle_difference.h"
#include "tests/laws/request_law.h"
#include "tests/laws/size_law.h"

namespace lockstep::test {
namespace {

constexpr std::size_t events_min = 200;
constexpr std::uint64_t coverage_histories_min = 1'000;
// The same histories every time, so that only a change of the code makes a difference;
// LOCKSTEP_LAWS_SEED gives others.
constexpr std::uint64_t usual_seed = 304775574681665409ULL;

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value ? std::strtoull(value, nullptr, 10) : otherwise;
}

// Calls `check(seed)` for many seeds; it returns the broken law, or an empty text.
template <class Check>
void for_seeds(Check check) {
  if (const std::uint64_t seed = setting("LOCKSTEP_SEED", 0)) {
    EXPECT_EQ(check(seed), "") << "seed " << seed;
    return;
  }
  rc::detail::TestParams params = rc::detail::configuration().testParams;
  params.maxSuccess = static_cast<int>(setting("LOCKSTEP_HISTORIES", 10'000));
  params.seed = setting("LOCKSTEP_LAWS_SEED", usual_seed);
  params.disableShrinking = true;  // a seed has no smaller one
  const auto result = rc::detail::checkTestable(
      [&] {
        const auto seed = *rc::gen::noShrink(rc::gen::inRange<std::uint64_t>(1, 1ULL << 62));
        const std::string wrong = check(seed);
        if (!wrong.empty()) RC_FAIL("LOCKSTEP_SEED=" + std::to_string(seed) + ": " + wrong);
      },
      rc::detail::TestMetadata(), params);
  const bool held = result.template is<rc::detail::SuccessResult>();
  if (!held) rc::detail::printResultMessage(result, std::cerr);
  EXPECT_TRUE(held);
}

// Some state of the history, by chance, at `from` or later.
const ThreadState& some_state(History& history, Timestamp from = Timestamp()) {
  const auto first = history.states().lower_bound(from.get());
  const auto count = static_cast<std::uint64_t>(std::distance(first, history.states().end()));
  return std::next(first, static_cast<std::ptrdiff_t>(history.chance()() % count))->second;
}

Past past_between(const History& history, Timestamp from, const ThreadState& to) {
  std::vector<const Entry*> entries;
  for (const Entry& entry : history.story().entries()) {
    if (entry.at > from && entry.at <= to.now) entries.push_back(&entry);
  }
  return past_since(to, entries, from);
}

// The latest entries, for the message of a failed test.
std::string latest_entries(const History& history, std::size_t count) {
  std::string text;
  const std::vector<Entry>& entries = history.story().entries();
  for (std::size_t at = entries.size() > count ? entries.size() - count : 0; at < entries.size();
       ++at) {
    text += "\n  ";
    append_entry_frame(text, entries[at]);
  }
  return text;
}

std::string run_history(std::uint64_t seed, Counts& counts,
                        const std::function<std::string(History&)>& check) {
  History history(seed, counts);
  while (history.event_count() < events_min) {
    std::string wrong = history.go_on();
    if (wrong.empty()) wrong = check(history);
    if (!wrong.empty()) {
      return wrong + " (event " + std::to_string(history.event_count()) + ", said " +
             history.last_said() + ")" + latest_entries(history, setting("LOCKSTEP_SHOW", 4));
    }
  }
  return {};
}

// --- The law of the diff -------------------------------------------------------------------------

std::string check_diff(History& history) {
  const ThreadState& from = some_state(history);
  const ThreadState& to = some_state(history, from.now);
  const ThreadState& between = some_state(history, from.now);
  const Past past = past_between(history, from.now, to);
  const Diff diff = lockstep::diff(to, from.now, &past);

  Screen screen = screen_of(from);
  apply(screen, diff);
  if (screen != screen_of(to)) return "apply(State(a), diff(a, b)) is not State(b)";
  apply(screen, diff);
  if (screen != screen_of(to)) return "applying a diff twice is not applying it once";
  if (between.now <= to.now) {
    Screen later = screen_of(between);
    apply(later, diff);
    if (later != screen_of(to)) return "a diff does not apply to a state between";
  }
  if (!diff_needs_past(to, from.now) && lockstep::diff(to, from.now, nullptr) != diff) {
    return "a diff that needs no past is another with one";
  }
  return check_size(screen_of(from), screen_of(to), diff,
                    [&](const MessageId& id) { return to.message(id)->whole > from.now; });
}

// --- The others ----------------------------------------------------------------------------------

// One timestamp, one state: the fold of the entries up to it, at any later time.
std::string check_fold(History& history) {
  const ThreadState& state = some_state(history);
  const ThreadState again = history.story().state_at(state.now);
  if (screen_of(again) != screen_of(state)) return "State(t) is another the second time";
  const oracle::World& world = history.oracle().at(state.now.get());
  const std::string found = difference(screen_of(again), world);
  return found.empty() ? opaque_difference(again, world) : found;
}

// The user and the model see the same text: a run's input is a path of State(context_ts), then and
// for ever.
std::string check_context(History& history, const CallsLaw& calls) {
  const ThreadState& now = history.story().state();
  if (now.runs.empty()) return {};
  const Run& run = now.runs[history.chance()() % now.runs.size()].run;
  // A run that a later change of the same request ended never got a context.
  if (!run.started || run.ended == run.started) return {};
  if (run.context_ts != run.started) return "a run's context is not of the entry that started it";
  const auto at = history.states().find(run.context_ts->get());
  if (at == history.states().end()) return "a run's context is of no entry";
  const ThreadState again = history.story().state_at(*run.context_ts);
  for (const MessageState* row : again.path(run.head)) {
    if (row->deleted) return "a run was given a deleted message";
    if (row->message.status == MessageStatus::open) return "a run was given an open message";
  }
  return calls.sent(run, again.path(run.head));
}

std::string check_calls(History& history, CallsLaw& calls) {
  const Entry* entry = history.last_entry();
  if (!entry) return {};
  return calls.look(history.states().at(entry->previous.get()), *entry, history.oracle().now());
}

RequestSettings some_settings(History& history) {
  RequestSettings settings;
  settings.kind = "openai";
  settings.system = history.chance()() % 2 == 0 ? "Be brief." : "";
  settings.names = history.chance()() % 2 == 0;
  settings.join = history.chance()() % 4 != 0;
  settings.reasoning = static_cast<ReasoningBack>(history.chance()() % 3);
  settings.prefill = history.chance()() % 2 == 0;
  if (history.chance()() % 3 == 0) {
    settings.context_tokens = 20 + history.chance()() % 400;
    settings.when_too_long = static_cast<WhenTooLong>(history.chance()() % 3);
    settings.summarise =
        settings.when_too_long == WhenTooLong::summarise && history.chance()() % 4 == 0;
  }
  return settings;
}

void count_continued(const Context& context, const RequestSettings& settings, Counts& counts) {
  for (const Message& message : context.path) {
    if (!message.continues) continue;
    const auto before = std::ranges::find(context.path, *message.continues, &Message::id);
    const bool calls = std::ranges::any_of(
        before->parts, [](const Part& part) { return std::holds_alternative<ToolCallPart>(part); });
    ++counts[calls ? "request: an answer goes on behind results"
                   : "request: an answer goes on in a turn"];
  }
  if (context.continues && settings.prefill) ++counts["request: the last turn is to go on"];
}

// Some answers are summaries: a run has begun them with data that says so.
void make_summaries(Context& context, History& history) {
  for (Message& message : context.path) {
    if (message.role != Role::assistant || history.chance()() % 3 != 0) continue;
    std::vector<Part>& parts = message.parts.edit();
    parts.insert(parts.begin(), DataPart{"summary", Json{"{}"}});
  }
}

// The request to the model has what the screen showed, whatever the agent's settings are.
std::string check_sent(History& history) {
  const ThreadState& now = history.story().state();
  if (now.runs.empty()) return {};
  const Run& run = now.runs[history.chance()() % now.runs.size()].run;
  if (!run.started || run.ended == run.started) return {};
  const RequestSettings settings = some_settings(history);
  const ThreadState& then = history.states().at(run.context_ts->get());
  Context context = context_of(then, run, settings_bytes(settings));
  if (settings.when_too_long == WhenTooLong::summarise) make_summaries(context, history);
  const Sent sent = sent_from_settings(context);
  std::string wrong = check_request(context, settings, sent);
  if (!wrong.empty()) wrong = "the request of " + run.id.get() + ": " + wrong + "\n  " + sent.body;
  for (const Repair& repair : sent.repairs) {
    ++history.counts()["repair " + repair.kind];
    // Every start gives results to the calls of its path.
    if (repair.kind == "no_result") return "a run was given a call without a result";
  }
  count_continued(context, settings, history.counts());
  return wrong;
}

// The same for the APIs whose messages are lists of blocks.
std::string check_native_request(History& history) {
  const ThreadState& now = history.story().state();
  if (now.runs.empty()) return {};
  const Run& run = now.runs[history.chance()() % now.runs.size()].run;
  if (!run.started || run.ended == run.started) return {};
  RequestSettings settings = some_settings(history);
  settings.kind = history.chance()() % 2 == 0 ? "anthropic" : "openai-responses";
  const ThreadState& then = history.states().at(run.context_ts->get());
  const Context context = context_of(then, run, settings_bytes(settings));
  const Sent sent = sent_from_settings(context);
  const std::string wrong = check_native(context, settings, sent);
  ++history.counts()["request of kind " + settings.kind];
  if (wrong.empty()) return {};
  return "the " + settings.kind + " request of " + run.id.get() + ": " + wrong + "\n  " + sent.body;
}

// In order: one running run, and those that wait in the order in which they came.
std::string check_order(History& history) {
  const ThreadState& now = history.story().state();
  std::size_t running = 0;
  for (std::size_t at = 0; at < now.runs.size(); ++at) {
    running += now.runs[at].run.status == RunStatus::running ? 1 : 0;
  }
  if (running > 1) return "two runs are running";
  if (running == 0 && !now.waiting.empty()) return "a run waits for nothing";
  if (!std::ranges::is_sorted(now.waiting)) return "a run has overtaken another";
  return {};
}

// The front wins: a text that a stop has cut never grows again, until a user puts the message.
class StopWatch {
 public:
  std::string look(History& history) {
    const ThreadState& now = history.story().state();
    for (std::size_t number = 0; number < now.messages.size(); ++number) {
      const MessageState& row = now.messages[number];
      if (row.deleted) continue;
      const auto known = frozen_.find(row.message.id);
      if (known != frozen_.end() && row.whole <= known->second.whole) {
        if (!is_prefix(row.message, known->second.message)) {
          return "message " + row.message.id.get() + " grew back";
        }
      }
      if (row.message.status == MessageStatus::stopped) frozen_[row.message.id] = row;
    }
    return {};
  }

 private:
  // Later it is the same or less, but for results that its calls were given.
  static bool is_prefix(const Message& later, const Message& earlier) {
    for (std::size_t part = 0; part < later.parts.size(); ++part) {
      if (part >= earlier.parts.size()) {
        if (!std::holds_alternative<ToolResultPart>(later.parts[part])) return false;
        continue;
      }
      const std::string* now = growing_text(later.parts[part]);
      const std::string* then = growing_text(earlier.parts[part]);
      if (now && then && !then->starts_with(*now)) return false;
    }
    return true;
  }
  std::map<MessageId, MessageState> frozen_;
};

void expect_all_counted(const Counts& counts) {
  std::vector<std::string> names;
  for (const char* event : {"thread_updated", "message_put", "message_created", "part_started",
                            "content_appended", "message_ended", "message_cut", "message_deleted",
                            "head_moved", "run_queued", "run_started", "run_ended", "repairs_noted",
                            "opaque_noted", "attempt_started", "call_noted", "resume_noted"}) {
    names.push_back(std::string("event ") + event);
  }
  for (const char* change : {"start_run", "put_message", "delete_message", "stop_run", "move_head",
                             "update_thread", "answer_call", "decide_call"}) {
    names.push_back(std::string("change ") + change + " applied");
    names.push_back(std::string("change ") + change + " refused");
  }
  for (const char* code :
       {"unknown_history", "op_reused", "op_too_old", "depends", "head_moved", "exists", "deleted",
        "invalid", "unknown_message", "unknown_run", "unknown_agent", "busy", "built_upon",
        "changed", "too_many", "answered", "unknown_call", "decided", "needs_approval"}) {
    names.push_back(std::string("refusal ") + code);
  }
  for (const char* status : {"completed", "stopped", "failed", "interrupted", "superseded"}) {
    names.push_back(std::string("run ") + status);
  }
  for (const char* code :
       {"unknown_run", "gap", "fenced", "ended", "invalid", "exists", "unknown_message"}) {
    names.push_back(std::string("step refusal ") + code);
  }
  for (const char* code :
       {"unknown_run", "not_started", "ended", "fenced", "unknown_agent", "invalid"}) {
    names.push_back(std::string("attempt refusal ") + code);
  }
  for (const char* code :
       {"exists", "deleted", "unknown_message", "unknown_call", "answered", "needs_approval"}) {
    names.push_back(std::string("answer_call refused ") + code);
  }
  for (const char* code : {"deleted", "unknown_message", "unknown_call", "answered", "busy",
                           "needs_approval", "decided"}) {
    names.push_back(std::string("decide_call refused ") + code);
  }
  for (const char* why :
       {"moved_on", "head_left", "expired", "stopped", "too_many", "no_agent", "taken"}) {
    names.push_back(std::string("resume given_up ") + why);
  }
  for (const char* repair :
       {"reasoning_left_out", "placeholder", "empty_left_out", "joined", "made_result_left_out",
        "result_left_out", "arguments_wrapped", "call_left_out", "file_as_text", "data_as_text",
        "tool_text_as_users", "author_in_text", "continue_asked", "dropped", "summarised",
        "summary_asked"}) {
    names.push_back(std::string("repair ") + repair);
  }
  for (const char* name : {"attempt",
                           "attempt claimed",
                           "resume waiting",
                           "resume resumed",
                           "resume: several wait at once",
                           "duplicate",
                           "continue joined",
                           "continue refused invalid",
                           "continue refused deleted",
                           "continue refused unknown_message",
                           "continue refused busy",
                           "message continues",
                           "message continues, and was put again",
                           "half call: cut with its message",
                           "half call: cut with its run",
                           "calls: one id twice in a message",
                           "calls: one id in two messages",
                           "results: late, behind a made one",
                           "results: real",
                           "results: made",
                           "results: stray",
                           "request: an answer goes on in a turn",
                           "request: an answer goes on behind results",
                           "request: the last turn is to go on",
                           "request of kind anthropic",
                           "request of kind openai-responses"}) {
    names.emplace_back(name);
  }
  for (const std::string& name : names) {
    EXPECT_TRUE(counts.contains(name)) << name << " never happened: the histories miss something";
  }
  for (const auto& [name, count] : counts) std::cout << name << ": " << count << "\n";
}

// All laws on the same histories: making a history costs more than checking one.
TEST(Laws, HoldOnRandomHistories) {
  Counts counts;
  std::uint64_t histories = 0;

  for_seeds([&](std::uint64_t seed) {
    StopWatch stops;
    CallsLaw calls;
    ++histories;
    return run_history(seed, counts, [&](History& history) {
      std::string wrong = stops.look(history);
      if (wrong.empty()) wrong = check_calls(history, calls);
      if (wrong.empty()) wrong = check_order(history);
      if (wrong.empty()) wrong = check_diff(history);
      // These fold all entries again, so only now and then.
      if (wrong.empty() && history.chance()() % 16 == 0) wrong = check_fold(history);
      if (wrong.empty() && history.chance()() % 16 == 0) wrong = check_context(history, calls);
      if (wrong.empty() && history.chance()() % 16 == 0) wrong = check_sent(history);
      if (wrong.empty() && history.chance()() % 16 == 0) wrong = check_native_request(history);
      return wrong;
    });
  });

  std::cout << histories << " histories of at least " << events_min << " events\n";
  // A few histories, as under a sanitizer, need not have everything in them.
  if (histories >= coverage_histories_min) expect_all_counted(counts);
}

}  // namespace
}  // namespace lockstep::test
