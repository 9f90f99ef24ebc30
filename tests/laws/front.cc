// SPDX-License-Identifier: Apache-2.0
#include "tests/laws/front.h"

#include <algorithm>

namespace lockstep::test {
namespace {

// The text of a part that can grow; null for others.
std::string* text_in(Part& part) {
  if (auto* text = std::get_if<TextPart>(&part)) return &text->text;
  if (auto* reasoning = std::get_if<ReasoningPart>(&part)) return &reasoning->text;
  if (auto* call = std::get_if<ToolCallPart>(&part)) return &call->arguments;
  return nullptr;
}

// The first `units` UTF-16 units of a text. False if it has not so many, or one lies in between.
bool keep_units(std::string& utf8, Units units) {
  std::size_t at = 0;
  while (units > 0 && at < utf8.size()) {
    const auto lead = static_cast<unsigned char>(utf8[at]);
    const std::size_t bytes = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    const Units width = bytes == 4 ? 2 : 1;
    if (width > units) return false;
    units -= width;
    at += bytes;
  }
  utf8.resize(std::min(at, utf8.size()));
  return units == 0;
}

class Taker {
 public:
  Taker(Screen& screen, Timestamp at) : screen_(screen), at_(at) {}
  std::string wrong;

  void operator()(const ThreadUpdated& event) {
    Thread& thread = touched_thread();
    if (event.title) thread.title = *event.title;
    if (event.archived) thread.archived = *event.archived;
    if (event.metadata) thread.metadata = *event.metadata;
    if (event.approved_tools) thread.approved_tools = *event.approved_tools;
  }
  void operator()(const MessagePut& event) {
    if (event.message.updated != at_) wrong = "a put message says another time";
    Message* known = find(event.message.id);
    if (!known) known = &screen_.messages.emplace_back();
    *known = event.message;
    known->opaque = {};
  }
  void operator()(const MessageCreated& event) {
    Message message;
    message.id = event.message;
    message.parent = event.parent;
    message.role = event.role;
    message.author = event.author;
    message.run = event.run;
    message.continues = event.continues;
    message.status = MessageStatus::open;
    message.created = message.updated = at_;
    if (find(event.message)) wrong = "a message is created twice";
    screen_.messages.push_back(std::move(message));
  }
  void operator()(const PartStarted& event) {
    Message* message = touched(event.message);
    if (!message) return;
    if (event.part != message->parts.size()) wrong = "a part is not the next";
    message->parts.edit().push_back(event.value);
  }
  void operator()(const ContentAppended& event) {
    Message* message = touched(event.message);
    if (!message) return;
    if (event.part == message->parts.size()) message->parts.edit().emplace_back(TextPart{});
    std::string* text =
        event.part < message->parts.size() ? text_in(message->parts.edit()[event.part]) : nullptr;
    if (!text || !keep_units(*text, event.at)) {
      wrong = "content does not fit behind what is there";
      return;
    }
    *text += event.text;
  }
  void operator()(const MessageEnded& event) {
    Message* message = touched(event.message);
    if (!message) return;
    message->status = event.status;
    if (event.usage) message->usage = event.usage;
    if (event.finish.reason) message->finish.reason = event.finish.reason;
    if (event.finish.model) message->finish.model = event.finish.model;
  }
  void operator()(const MessageCut& event) {
    Message* message = touched(event.message);
    if (!message) return;
    if (event.keep.size() > message->parts.size()) wrong = "a cut keeps more than there is";
    const Parts former = message->parts;
    message->parts.edit().resize(event.keep.size());
    for (std::size_t part = 0; part < event.keep.size(); ++part) {
      std::string* text = text_in(message->parts.edit()[part]);
      if (text && !keep_units(*text, event.keep[part])) wrong = "a cut keeps more than there is";
    }
    // What is noted of a call goes with any part of it.
    std::erase_if(message->calls, [&](const CallNote& note) {
      return note.part >= message->parts.size() || message->parts[note.part] != former[note.part];
    });
    message->status = event.status;
  }
  void operator()(const MessageDeleted& event) {
    if (!touched(event.message)) return;
    std::erase_if(screen_.messages, [&](const Message& one) { return one.id == event.message; });
  }
  void operator()(const HeadMoved& event) { touched_thread().head = event.head; }
  void operator()(const RunQueued& event) {
    touched_thread();
    Run run;
    run.id = event.run;
    run.agent = event.agent;
    run.input = event.input;
    run.place = event.place;
    run.params = event.params;
    run.continues = event.continues;
    if (event.resumes) run.resume.emplace();
    run.queued = at_;
    screen_.runs.push_back(std::move(run));
  }
  void operator()(const RunStarted& event) {
    touched_thread().running = true;
    Run* run = find(event.run);
    if (!run) return;
    run->status = RunStatus::running;
    run->attempt = event.attempt;
    run->input.clear();
    run->head = event.head;
    run->context_ts = run->started = at_;
    run->settings = event.settings;
    run->model = event.model;
  }
  void operator()(const RunEnded& event) {
    Thread& thread = touched_thread();
    Run* run = find(event.run);
    if (!run) return;
    if (run->status == RunStatus::running) thread.running = false;
    if (run->status == RunStatus::queued && event.status == RunStatus::stopped) run->input.clear();
    run->status = event.status;
    run->ended = at_;
    run->error = event.error;
    run->usage = event.usage;
    run->finish_reason = event.finish.reason;
    if (event.finish.model) run->model = event.finish.model;
  }
  void operator()(const RepairsNoted& event) {
    if (Run* run = find(event.run)) run->repairs = event.repairs;
  }
  void operator()(const OpaqueNoted&) {}  // no front gets it
  void operator()(const AttemptStarted& event) {
    Run* run = find(event.run);
    if (!run) return;
    if (event.attempt != run->attempt + 1) wrong = "an attempt is not the next";
    if (run->status != RunStatus::running) wrong = "an attempt of a run that does not go on";
    run->attempt = event.attempt;
    run->agent = event.agent;
    run->model = event.model;
    run->settings = event.settings;
    run->repairs.clear();
  }
  void operator()(const CallNoted& event) {
    Message* message = touched(event.message);
    if (!message) return;
    std::erase_if(message->calls, [&](const CallNote& it) { return it.part == event.note.part; });
    message->calls.push_back(event.note);
    std::ranges::sort(message->calls, {}, &CallNote::part);
  }
  void operator()(const ResumeNoted& event) {
    if (Run* run = find(event.run)) run->resume = event.resume;
  }

 private:
  Thread& touched_thread() {
    if (!screen_.thread) wrong = "an event before the thread was there";
    if (!screen_.thread) screen_.thread.emplace();
    screen_.thread->updated = at_;
    return *screen_.thread;
  }
  Message* find(const MessageId& id) {
    const auto found = std::ranges::find(screen_.messages, id, &Message::id);
    return found == screen_.messages.end() ? nullptr : &*found;
  }
  Message* touched(const MessageId& id) {
    Message* message = find(id);
    if (!message) wrong = "an event is of message " + id.get() + ", which is not there";
    if (message) message->updated = at_;
    return message;
  }
  Run* find(const RunId& id) {
    const auto found = std::ranges::find(screen_.runs, id, &Run::id);
    if (found == screen_.runs.end())
      wrong = "an event is of run " + id.get() + ", which is not there";
    return found == screen_.runs.end() ? nullptr : &*found;
  }

  Screen& screen_;
  Timestamp at_;
};

std::string grow(Message& message, const Growth& growth) {
  message.status = growth.status;
  message.updated = growth.updated;
  if (growth.usage) message.usage = growth.usage;
  if (growth.finish.reason) message.finish.reason = growth.finish.reason;
  if (growth.finish.model) message.finish.model = growth.finish.model;
  message.calls = growth.calls;
  if (message.parts.size() > growth.parts) message.parts.edit().resize(growth.parts);
  for (const auto& one : growth.grow) {
    if (const auto* value = std::get_if<PartValue>(&one)) {
      if (value->part > message.parts.size()) return "a growth leaves out a part";
      if (value->part == message.parts.size()) message.parts.edit().emplace_back(TextPart{});
      message.parts.edit()[value->part] = value->value;
      continue;
    }
    const auto& grown = std::get<PartGrowth>(one);
    std::string* text =
        grown.part < message.parts.size() ? text_in(message.parts.edit()[grown.part]) : nullptr;
    if (!text || !keep_units(*text, grown.at)) return "a growth does not fit behind what is there";
    *text += grown.text;
  }
  return message.parts.size() == growth.parts ? "" : "a growth leaves another number of parts";
}

}  // namespace

std::string take(Screen& screen, const Entry& entry) {
  if (entry.previous != screen.now) {
    return "entry " + std::to_string(entry.at.get()) + " follows " +
           std::to_string(entry.previous.get()) + ", not " + std::to_string(screen.now.get());
  }
  if (entry.at <= entry.previous) return "an entry is not later than the one before it";
  if (entry.origin) {
    screen.thread.emplace();
    screen.thread->id = entry.origin->thread;
    screen.thread->created = screen.thread->updated = entry.at;
  }
  Taker taker(screen, entry.at);
  for (const Event& event : entry.events) std::visit(taker, event);
  screen.now = entry.at;
  return taker.wrong;
}

std::string take(Screen& screen, const Diff& diff, Holds holds) {
  if (diff.from > screen.now || diff.to < screen.now)
    return "a diff is of another time: from " + std::to_string(diff.from.get()) + " to " +
           std::to_string(diff.to.get()) + ", shown " + std::to_string(screen.now.get());
  if (diff.thread) screen.thread = diff.thread;
  for (const auto& changed : diff.messages) {
    const auto* growth = std::get_if<Growth>(&changed);
    const MessageId& id = growth ? growth->id : std::get<SharedMessage>(changed)->id;
    const auto known = std::ranges::find(screen.messages, id, &Message::id);
    const bool there = known != screen.messages.end();
    if (growth) {
      if (!there && holds == Holds::a_part) continue;
      if (!there) return "a growth of message " + id.get() + ", which is not there";
      if (std::string wrong = grow(*known, *growth); !wrong.empty()) return wrong;
    } else if (there) {
      *known = *std::get<SharedMessage>(changed);
      known->opaque = {};
    } else {
      screen.messages.push_back(*std::get<SharedMessage>(changed));
      screen.messages.back().opaque = {};
    }
  }
  for (const MessageId& gone : diff.removed) {
    std::erase_if(screen.messages, [&](const Message& message) { return message.id == gone; });
  }
  for (const Run& run : diff.runs) {
    const auto known = std::ranges::find(screen.runs, run.id, &Run::id);
    if (known == screen.runs.end()) {
      screen.runs.push_back(run);
    } else {
      *known = run;
    }
  }
  screen.now = diff.to;
  return {};
}

std::string difference(const Screen& one, const Screen& other) {
  if (one == other) return {};
  if (one.now != other.now) return "the time";
  if (one.thread != other.thread) return "the thread's fields";
  if (one.messages.size() != other.messages.size()) {
    return std::to_string(one.messages.size()) + " messages, and " +
           std::to_string(other.messages.size());
  }
  for (std::size_t at = 0; at < one.messages.size(); ++at) {
    if (one.messages[at] != other.messages[at]) return "message " + one.messages[at].id.get();
  }
  if (one.runs.size() != other.runs.size()) return "the number of runs";
  for (std::size_t at = 0; at < one.runs.size(); ++at) {
    if (one.runs[at] != other.runs[at]) return "run " + one.runs[at].id.get();
  }
  return "nothing that can be named";
}

std::vector<Message> shown(std::vector<Message> path) {
  for (Message& message : path) message.opaque = {};
  return path;
}

std::optional<std::vector<Message>> path_of(const Screen& screen, std::optional<MessageId> head) {
  std::vector<Message> path;
  while (head) {
    const auto found = std::ranges::find(screen.messages, *head, &Message::id);
    if (found == screen.messages.end()) return std::nullopt;
    path.push_back(*found);
    head = found->parent;
  }
  std::ranges::reverse(path);
  return path;
}

}  // namespace lockstep::test
