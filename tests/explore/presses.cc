// SPDX-License-Identifier: Apache-2.0
#include "tests/explore/presses.h"

#include "engine/base/text.h"

namespace lockstep::explore {
namespace {

// A code point is a lead byte and those that go on.
std::string without_last_point(std::string text) {
  while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0) == 0x80) text.pop_back();
  if (!text.empty()) text.pop_back();
  return text;
}

StartRun start(std::uint32_t run, WhenBusy when) {
  StartRun change;
  change.run = run_named(run);
  change.when_busy = when;
  change.input.push_back({question_of(run),
                          Role::user,
                          {TextPart{std::string(1, static_cast<char>('A' + run))}},
                          {},
                          {}});
  return change;
}

PutMessage put(MessageId id, std::uint32_t number) {
  PutMessage change;
  change.id = std::move(id);
  change.parts = {TextPart{std::string(1, static_cast<char>('0' + number))}};
  return change;
}

class Press {
 public:
  Press(World& world, const Action& action)
      : world_(world), front_(world.front[action.front]), index_(action.front) {
    const Screen& screen = world.moments[world.moments.size() - 1 - action.back]->screen;
    asked_.seen = screen.now;
    for (const Message& message : screen.messages) asked_.frozen[message.id] = content_of(message);
  }

  Op ask(decltype(Change::what) what) {
    Change change{Op(++front_.op), Cursor{asked_.seen, epoch}, {}, std::move(what)};
    // Stands for the content: no two changes have the same.
    change.content[0] = static_cast<std::uint8_t>(index_ + 1);
    change.content[1] = static_cast<std::uint8_t>(front_.op);
    asked_.changes.push_back(std::move(change));
    return Op(front_.op);
  }

  void ask_less_shown(std::uint32_t run) {
    std::string& text = asked_.frozen[reply_of(run)];  // with its bar
    ask(StopRun{run_named(run), {{reply_of(run), 0, units_of(text) - 2}}});
    text = without_last_point(text);
  }

  void ask_stop_and_start(std::uint32_t run) {
    const Op stop = ask(StopRun{run_named(run), {}});
    StartRun change = start(world_.runs++, WhenBusy::queue);
    change.needs.push_back(stop);
    ask(std::move(change));
  }

  Asked done() { return std::move(asked_); }

 private:
  World& world_;
  Front& front_;
  std::size_t index_;
  Asked asked_;
};

bool is_stop(Kind kind) {
  return kind == Kind::stops || kind == Kind::stops_less_shown || kind == Kind::stops_what_ran;
}

}  // namespace

Asked press(World& world, const Action& action) {
  Press press(world, action);
  Front& front = world.front[action.front];
  if (is_stop(action.kind)) ++front.stops;
  switch (action.kind) {
    case Kind::starts_queued:
      press.ask(start(world.runs++, WhenBusy::queue));
      break;
    case Kind::starts_interrupting:
      press.ask(start(world.runs++, WhenBusy::stop));
      break;
    case Kind::starts_unless_busy:
      press.ask(start(world.runs++, WhenBusy::reject));
      break;
    case Kind::stops_and_starts:
      press.ask_stop_and_start(action.run);
      break;
    case Kind::stops:
      press.ask(StopRun{run_named(action.run), {}});
      break;
    case Kind::stops_less_shown:
      press.ask_less_shown(action.run);
      break;
    case Kind::stops_what_ran:
      press.ask(StopRun{});
      break;
    default:
      press.ask(
          put(action.kind == Kind::puts_reply ? reply_of(action.run) : question_of(action.run),
              world.puts++));
  }
  return press.done();
}

}  // namespace lockstep::explore
