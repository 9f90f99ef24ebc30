// SPDX-License-Identifier: Apache-2.0
#include "tests/explore/actions.h"

#include <algorithm>

namespace lockstep::explore {
namespace {

class Lister {
 public:
  Lister(const World& world, const Bounds& bounds) : world_(world), bounds_(bounds) {}

  std::vector<Action> list() {
    for (std::size_t at = 0; at < world_.moments.size(); ++at) {
      const Screen& screen = world_.moments[at]->screen;
      back_ = static_cast<std::uint8_t>(world_.moments.size() - 1 - at);
      for (front_ = 0; front_ < fronts; ++front_) {
        if (screen.now >= world_.front[front_].cursor) list_front(screen);
      }
    }
    if (world_.now().running) {
      list_producer();
      add(Kind::crash);
    }
    return std::move(actions_);
  }

 private:
  void add(Kind kind, bool two_steps = false) {
    Action action;
    action.kind = kind;
    action.two_steps = two_steps;
    actions_.push_back(action);
  }

  void ask(Kind kind, const Run* run = nullptr) {
    const std::uint32_t number = run ? number_of(run->id) : 0;
    actions_.push_back(
        {kind, static_cast<std::uint8_t>(front_), static_cast<std::uint8_t>(number), back_, false});
  }

  void list_front(const Screen& screen) {
    if (world_.runs < bounds_.runs) {
      ask(Kind::starts_queued);
      ask(Kind::starts_interrupting);
      ask(Kind::starts_unless_busy);
    }
    for (const Run& run : screen.runs) list_stops(screen, run);
    // No page has a button for it, but a front may be wrong.
    if (back_ == 0 && may_stop() && !screen.runs.empty() && !screen.thread->running) {
      ask(Kind::stops_what_ran);
    }
    // `seen` counts only for the run that a put ends.
    if (world_.puts == bounds_.puts || (back_ > 0 && !world_.now().running)) return;
    for (const Run& run : screen.runs) {
      if (screen.message(reply_of(number_of(run.id)))) ask(Kind::puts_reply, &run);
      if (screen.message(question_of(number_of(run.id)))) ask(Kind::puts_question, &run);
    }
  }

  // A front has a button for each run that it shows as open, and may cut some of the ended ones.
  void list_stops(const Screen& screen, const Run& run) {
    const bool open = !is_over(run.status);
    if (open && world_.runs < bounds_.runs) ask(Kind::stops_and_starts, &run);
    if (!may_stop()) return;
    if (open) ask(Kind::stops, &run);
    if (run.status == RunStatus::running) ask(Kind::stops_what_ran);
    const Message* reply = screen.message(reply_of(number_of(run.id)));
    if (reply && content_of(*reply).size() > 1) ask(Kind::stops_less_shown, &run);
  }

  bool may_stop() const { return world_.front[front_].stops < bounds_.stops; }

  void list_producer() {
    const Producer& producer = world_.producer;
    const bool begun = producer.run == world_.now().runs[*world_.now().running].run.id;
    const auto said = [&](Saying saying) {
      return begun ? static_cast<std::uint32_t>(std::ranges::count(producer.said, saying)) : 0;
    };
    add(Kind::completes_run);
    add(Kind::fails_run);
    if (said(Saying::message_over) > 0) return;
    const std::uint32_t left = bounds_.tokens - said(Saying::token);
    if (said(Saying::opens) == 0) {
      add(Kind::opens_message);
      if (left > 0) add(Kind::appends_token, true);
      return;
    }
    add(Kind::ends_message);
    if (left == 0) return;
    add(Kind::appends_token);
    add(Kind::completes_run, true);
    if (left > 1) add(Kind::appends_token, true);
  }

  const World& world_;
  const Bounds& bounds_;
  std::vector<Action> actions_;
  std::size_t front_ = 0;
  std::uint8_t back_ = 0;
};

constexpr const char* kind_names[] = {"starts_queued",
                                      "starts_interrupting",
                                      "starts_unless_busy",
                                      "stops_and_starts",
                                      "stops",
                                      "stops_less_shown",
                                      "stops_what_ran",
                                      "puts_reply",
                                      "puts_question",
                                      "opens_message",
                                      "appends_token",
                                      "ends_message",
                                      "completes_run",
                                      "fails_run",
                                      "crash"};
static_assert(std::size(kind_names) == kinds);

bool names_a_run(Kind kind) {
  return kind == Kind::stops || kind == Kind::stops_less_shown || kind == Kind::stops_and_starts ||
         kind == Kind::puts_reply || kind == Kind::puts_question;
}

}  // namespace

const char* name_of(Kind kind) { return kind_names[static_cast<std::size_t>(kind)]; }

bool is_producers(Kind kind) { return kind >= Kind::opens_message && kind <= Kind::fails_run; }

std::string describe(const Action& action) {
  if (action.kind == Kind::crash) return "crash";
  if (is_producers(action.kind)) {
    return std::string("the producer ") + name_of(action.kind) +
           (action.two_steps ? ", behind a step that was lost" : "");
  }
  std::string text = std::string("front ") + (action.front == 0 ? "A " : "B ");
  text += name_of(action.kind);
  if (names_a_run(action.kind)) text += " r" + std::to_string(action.run);
  return text + ", seen " + std::to_string(action.back) + " entries ago";
}

std::vector<Action> possible(const World& world, const Bounds& bounds) {
  return Lister(world, bounds).list();
}

}  // namespace lockstep::explore
