// SPDX-License-Identifier: Apache-2.0
// draft.h: collects a decision's events.
//
// The rules say events. The draft folds each event into its copy of the state at once, so that the
// next rule sees the effect, and adds it to the entry. Adjacent appends to one part become one
// event.
#pragma once

#include <utility>
#include <vector>

#include "engine/rules/decide.h"
#include "engine/rules/fold.h"

namespace lockstep {

class Draft {
 public:
  Draft(const ThreadState& before, Timestamp at, const Rules& rules)
      : before_(before), state_(before), at_(at), rules_(rules) {
    MUST(at > before.now);
    decision_.entry.at = at;
    decision_.entry.previous = before.now;
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  // The state as the request found it, and the state after the events so far.
  [[nodiscard]] const ThreadState& before() const { return before_; }
  [[nodiscard]] const ThreadState& state() const { return state_; }
  [[nodiscard]] Timestamp at() const { return at_; }
  [[nodiscard]] const Rules& rules() const { return rules_; }

  void say(Event event) {
    fold(state_, event, at_);
    std::vector<Event>& events = decision_.entry.events;
    auto* appended = std::get_if<ContentAppended>(&event);
    auto* former = events.empty() ? nullptr : std::get_if<ContentAppended>(&events.back());
    if (appended && former && former->message == appended->message &&
        former->part == appended->part) {
      former->text += appended->text;
      return;
    }
    events.push_back(std::move(event));
  }

  [[nodiscard]] Decision& decision() { return decision_; }
  [[nodiscard]] Decision take() {
    MUST(decision_.entry.at == at_ && decision_.entry.previous == before_.now);
    return std::move(decision_);
  }

 private:
  const ThreadState& before_;
  ThreadState state_;
  Timestamp at_;
  const Rules& rules_;
  Decision decision_;
};

}  // namespace lockstep
