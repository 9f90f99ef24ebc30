// SPDX-License-Identifier: Apache-2.0
// history.h: a random life of a thread, run twice.
//
// A seed gives a history: several devices and a producer send random changes and steps, sensible
// and not. The engine's rules and the oracle both run it. It counts the cases that must occur for
// the laws: every event, every change, every outcome and refusal.
#pragma once

#include <deque>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/laws/oracle.h"
#include "tests/support/story.h"

namespace lockstep::test {

// How often each thing happened, by name.
using Counts = std::map<std::string, std::uint64_t>;

class History {
 public:
  History(std::uint64_t seed, Counts& counts);

  // Gives both one more input. Returns their difference in words; empty if they agree.
  std::string go_on();

  [[nodiscard]] std::size_t event_count() const { return events_; }
  [[nodiscard]] const Story& story() const { return story_; }
  [[nodiscard]] const oracle::Oracle& oracle() const { return oracle_; }
  // The state after each entry, by its timestamp; at 0 the empty one.
  [[nodiscard]] const std::map<std::uint64_t, ThreadState>& states() const { return states_; }
  [[nodiscard]] std::mt19937_64& chance() { return chance_; }
  [[nodiscard]] Counts& counts() { return counts_; }
  // What the last input has added, if it left an entry; else null.
  [[nodiscard]] const Entry* last_entry() const {
    return is_new_ ? &story_.entries().back() : nullptr;
  }
  // The last change or step, for a person.
  [[nodiscard]] const std::string& last_said() const { return said_; }

 private:
  std::uint64_t upto(std::uint64_t count);  // 0 to count - 1
  bool one_in(std::uint64_t count) { return upto(count) == 0; }
  std::string word();
  std::string fresh(const char* kind);
  std::string some_message();
  std::string some_run();
  std::string fresh_or_known(const std::string& fresh, const std::string& known);
  std::optional<Cursor> some_cursor();
  std::optional<Place> some_place();
  std::string some_call();
  std::string some_shown_call();
  MessageId some_continued();
  Finish some_finish();
  std::vector<NotedRepair> some_repairs();
  Part some_part();
  std::vector<Part> some_parts();
  MessageInput some_input();
  // A recent call: its message and its id.
  std::pair<MessageId, std::string> some_made_call();
  AgentName some_agent();
  StartRun some_start();
  AnswerCall some_answer();
  DecideCall some_decision();
  decltype(Change::what) some_change();
  // A message with calls, and the end of its run.
  std::vector<decltype(Step::what)> calls_and_end();
  decltype(Step::what) some_step(const std::string& run);
  std::string own_message(const std::string& run);

  std::string say_changes();
  std::string say_steps();
  std::string say_crash();
  std::string say_attempt();
  std::string say_many_waits();
  std::string say_next_wait();
  std::string say(const ChangeRequest& request);
  std::string say(const StepBatch& batch);
  void change_outside();
  std::string compare(const std::string& what);
  void count(const Entry& entry);
  void count(const Change& change, const Outcome& outcome);
  void count_waiting(const Entry& entry);
  void count_calls(const std::vector<const MessageState*>& path);

  Counts& counts_;
  std::mt19937_64 chance_;
  Story story_;
  oracle::Oracle oracle_;
  std::map<std::uint64_t, ThreadState> states_;
  std::vector<std::pair<std::string, Change>> sent_;  // device and change, to be sent again
  std::map<std::string, std::uint64_t> ops_;
  std::vector<StepBatch> batches_;
  std::vector<std::string> message_ids_;
  std::vector<std::string> run_ids_;
  std::vector<std::string> call_ids_;
  std::size_t events_ = 0;
  std::uint64_t clock_ = 100;
  int ids_ = 0;
  bool crowded_ = false;  // many starts, few ends: queues fill
  bool is_new_ = false;
  bool many_waits_ = false;    // it has not come yet
  std::deque<RunId> to_wait_;  // they write their calls without a change between
  std::string reserved_;
  std::string said_;
};

}  // namespace lockstep::test
