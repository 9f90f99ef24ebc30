// SPDX-License-Identifier: Apache-2.0
#include "engine/rules/step_match.h"

#include <algorithm>
#include <functional>
#include <string_view>

#include "engine/base/limits.h"
#include "engine/base/must.h"

namespace lockstep {
namespace {

using Events = std::span<const Event>;

// Walks through an entry's events in the order of the steps that made them.
class Walk {
 public:
  Walk(Events events, std::size_t event, std::size_t offset)
      : events_(events), event_(event), offset_(offset) {}

  // False: the next events did not come from this step.
  [[nodiscard]] bool takes(const Step& step) {
    return std::visit([this](const auto& what) { return takes(what); }, step.what);
  }
  // True if only events remain that no step names.
  [[nodiscard]] bool over() {
    if (run_over_) return true;
    skip();
    MUST(event_ <= events_.size());
    return event_ == events_.size();
  }

 private:
  // A new message moves the head, without a step of its own.
  void skip() {
    while (offset_ == 0 && event_ < events_.size() &&
           std::holds_alternative<HeadMoved>(events_[event_])) {
      ++event_;
    }
  }
  // The next event, if it is of this kind and no step has taken a part of it.
  template <class Kind>
  const Kind* next() {
    skip();
    if (offset_ != 0 || event_ == events_.size()) return nullptr;
    return std::get_if<Kind>(&events_[event_]);
  }
  bool passes(bool fits) {
    if (fits) ++event_;
    return fits;
  }

  bool takes(const OpenMessage& step) {
    const auto* event = next<MessageCreated>();
    return passes(event && event->message == step.message && event->role == step.role &&
                  event->author == step.author && (!step.parent || event->parent == step.parent));
  }
  bool takes(const StartPart& step) {
    const auto* event = next<PartStarted>();
    if (!passes(event && event->message == step.message && event->value == step.value &&
                event->part == step.part.value_or(event->part))) {
      return false;
    }
    // A call that needs approval is noted without a step of its own.
    const bool call = std::holds_alternative<ToolCallPart>(event->value);
    if (call && event_ < events_.size() && notes(events_[event_], step.message, event->part)) {
      ++event_;
    }
    return true;
  }
  bool takes(const NoteCall& step) {
    const auto* event = next<CallNoted>();
    if (event && notes(*event, step.message, step.note.part)) return passes(true);
    // The step that started the call, or cut it, has taken it.
    for (std::size_t at = offset_ == 0 ? event_ : 0; at-- > 0;) {
      if (!std::holds_alternative<CallNoted>(events_[at])) return false;
      if (notes(events_[at], step.message, step.note.part)) return true;
    }
    return false;
  }
  bool takes(const CutMessage& step) {
    const auto* event = next<MessageCut>();
    if (!passes(event && event->message == step.message && event->keep.size() == step.keep.size() &&
                std::ranges::equal(event->keep, step.keep, std::less_equal<>()))) {
      return false;
    }
    // A call that was shortened is noted again without a step of its own.
    while (event_ < events_.size() && std::holds_alternative<CallNoted>(events_[event_])) ++event_;
    return true;
  }
  static bool notes(const Event& event, const MessageId& message, std::uint32_t part) {
    const auto* noted = std::get_if<CallNoted>(&event);
    return noted && noted->message == message && noted->note.part == part;
  }
  bool takes(const EndMessage& step) {
    const auto* cut = next<MessageCut>();  // half calls of an answer that is not whole
    if (cut && cut->message == step.message && cut->status == MessageStatus::open) ++event_;
    const auto* event = next<MessageEnded>();
    return passes(event &&
                  *event == MessageEnded{step.message, step.status, step.usage, step.finish});
  }
  bool takes(const EndRun& step) {
    if (offset_ != 0) return false;
    // The cuts and ends that it caused stand before it.
    for (; event_ < events_.size(); ++event_) {
      if (std::holds_alternative<MessageCreated>(events_[event_])) return false;
      if (std::holds_alternative<ContentAppended>(events_[event_])) return false;
      const auto* event = std::get_if<RunEnded>(&events_[event_]);
      if (!event) continue;
      run_over_ = event->status == step.status && event->error == step.error &&
                  event->usage == step.usage && event->finish == step.finish;
      return run_over_;
    }
    return false;
  }
  bool takes(const NoteRepairs& step) {
    const auto* event = next<RepairsNoted>();
    return passes(event && event->repairs == step.repairs);
  }
  bool takes(const NoteOpaque& step) {
    const auto* event = next<OpaqueNoted>();
    return passes(event && event->message == step.message && event->data == step.data);
  }
  bool takes(const AppendContent& step) {
    if (const auto* started = next<PartStarted>(); started && starts(*started, step)) {
      ++event_;
      return true;
    }
    if (step.text.empty()) return true;  // it left no event
    skip();
    if (event_ == events_.size()) return false;
    const auto* event = std::get_if<ContentAppended>(&events_[event_]);
    if (!event || event->message != step.message || event->part != step.part) return false;
    MUST(offset_ <= event->text.size());
    if (!std::string_view(event->text).substr(offset_).starts_with(step.text)) return false;
    offset_ += step.text.size();
    if (offset_ == event->text.size()) {
      offset_ = 0;
      ++event_;
    }
    return true;
  }
  // An append to a part that is not there starts it.
  static bool starts(const PartStarted& event, const AppendContent& step) {
    const auto* text = std::get_if<TextPart>(&event.value);
    return text && event.message == step.message && event.part == step.part &&
           text->text == step.text;
  }

  Events events_;
  std::size_t event_;
  std::size_t offset_;  // into the text of an append
  bool run_over_ = false;
};

bool all_taken(Walk walk, std::span<const Step> steps, bool to_the_end) {
  return std::ranges::all_of(steps, [&](const Step& step) { return walk.takes(step); }) &&
         (!to_the_end || walk.over());
}

// Finds steps from the middle of an entry. It does not know where they begin, so it tries each
// place.
class Search {
 public:
  Search(Events events, std::span<const Step> steps, bool to_the_end)
      : events_(events), steps_(steps), to_the_end_(to_the_end) {}

  [[nodiscard]] StepMatch run() {
    MUST(!steps_.empty());
    const auto* append = std::get_if<AppendContent>(&steps_.front().what);
    for (std::size_t event = 0; event < events_.size(); ++event) {
      const auto* appended = std::get_if<ContentAppended>(&events_[event]);
      const bool found =
          append && appended ? found_in(event, appended->text, append->text) : try_at(event, 0);
      if (found) return StepMatch::same;
      if (tries_ > limits::step_match_tries_max) return StepMatch::unknown;
    }
    return StepMatch::other;
  }

 private:
  bool found_in(std::size_t event, std::string_view text, std::string_view wanted) {
    for (std::size_t at = text.find(wanted); at != std::string_view::npos;
         at = text.find(wanted, at + 1)) {
      if (try_at(event, at)) return true;
      if (tries_ > limits::step_match_tries_max) return false;
    }
    return false;
  }
  bool try_at(std::size_t event, std::size_t offset) {
    ++tries_;
    return all_taken(Walk(events_, event, offset), steps_, to_the_end_);
  }

  Events events_;
  std::span<const Step> steps_;
  bool to_the_end_;
  std::size_t tries_ = 0;
};

// A step that left no event may have been anywhere.
bool left_nothing(const Step& step) {
  const auto* append = std::get_if<AppendContent>(&step.what);
  return append && append->text.empty();
}

}  // namespace

StepMatch match_steps(const Entry& entry, std::uint64_t first, std::span<const Step> steps) {
  MUST(entry.producer && !steps.empty());
  MUST(steps.front().seq >= first && steps.back().seq <= entry.producer->seq);
  const bool to_the_end = steps.back().seq == entry.producer->seq;
  const Events events(entry.events);
  if (steps.front().seq == first) {
    return all_taken(Walk(events, 0, 0), steps, to_the_end) ? StepMatch::same : StepMatch::other;
  }
  while (!steps.empty() && left_nothing(steps.front())) steps = steps.subspan(1);
  if (steps.empty()) return StepMatch::unknown;
  return Search(events, steps, to_the_end).run();
}

}  // namespace lockstep
