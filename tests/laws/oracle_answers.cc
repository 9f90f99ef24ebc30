// SPDX-License-Identifier: Apache-2.0
// oracle_answers.cc: the oracle's rules for answers, decisions, runs that wait for them, attempts.
#include <algorithm>
#include <set>

#include "tests/laws/oracle_words.h"

namespace lockstep::oracle {

bool Oracle::is_agent(const std::string& name) const { return name != "nobody" && name != gone; }

// --- The calls of a message ----------------------------------------------------------------------

std::string Oracle::end_behind(const std::string& message) {
  const std::vector<std::string> shown = path(world_.head);
  if (std::ranges::count(shown, message)) return world_.head;
  // Else behind the results that stand below it already; of several, the newest.
  std::string end = message;
  for (bool goes_on = true; goes_on;) {
    std::string below;
    for (const Message& each : world_.messages) {
      if (each.parent == end && each.role == "tool" && !each.deleted) below = each.id;
    }
    goes_on = !below.empty();
    if (goes_on) end = below;
  }
  return end;
}

std::optional<Oracle::Meant> Oracle::meant_call(const std::string& id, const std::string& call) {
  std::vector<Message> since = messages_to(end_behind(id));
  since.erase(since.begin(), std::ranges::find(since, id, &Message::id));
  const Message& message = *world_.message(id);
  std::optional<Meant> last;
  for (const CallOf& each : match(since).calls) {
    if (each.message != 0 || each.id != call) continue;
    last = Meant{each.part, each.real, each.made};
    const auto note = message.notes.find(each.part);
    const bool denied = note != message.notes.end() && note->second.status == "denied";
    if (!each.real && !denied) return last;
  }
  return last;
}

// Is the call what its user saw?
bool Oracle::is_as_seen(const Message& message, std::size_t part) {
  const std::string& id = message.parts[part].one;
  const auto twins = std::ranges::count_if(
      message.parts, [&](const Part& each) { return each.type == "tool_call" && each.one == id; });
  if (twins > 1 && (seen_ < last() || touched_ || world_ != now())) return false;
  if (std::max({message.created, message.put, message.taken_back}) > seen_) return false;
  World then = at(seen_);
  const Message* seen = then.message(message.id);
  if (!seen || part >= seen->parts.size()) return false;
  const Part& now = message.parts[part];
  if (seen->parts[part].serial != now.serial) return false;
  return seen->parts[part].text.size() >= now.text.size();
}

std::string Oracle::answer_call(const AnswerCall& change) {
  const std::string id = change.message.get();
  if (taken(change.id.get())) return "exists";
  const Message* of = world_.message(id);
  if (!of) return "unknown_message";
  if (of->deleted) return "deleted";
  if (touched_by_another(id)) return "changed";
  const std::optional<Meant> meant = meant_call(id, change.call);
  if (!meant) return "unknown_call";
  if (!is_as_seen(*of, meant->part)) return "changed";
  const auto note = of->notes.find(meant->part);
  const bool denied = note != of->notes.end() && note->second.status == "denied";
  if (meant->real || denied) return "answered";
  const std::string end = end_behind(id);
  Message message;
  message.id = change.id.get();
  message.parent = end;
  message.role = "tool";
  message.status = "complete";
  message.parts = parts_of({ToolResultPart{change.call, change.content, false, change.failed}});
  const std::vector<Message> before = messages_to(end);
  std::vector<Message> after = before;
  after.push_back(message);
  if (std::string code = stray(before, after); !code.empty()) return code;
  const auto is_last = [&](std::size_t at) { return at == before.size(); };
  if (std::string code = unwanted(after, is_last); !code.empty()) return code;
  for (const CallOf& call : match(after).calls) {
    if (!call.real || !is_last(call.real_message)) continue;
    // A result names its call by the id alone, and a later answer has an open call of this id.
    if (after[call.message].id != id) return "busy";
  }
  rule(world_.head == end ? "answer: at the end of the thread" : "answer: on another branch");
  if (world_.head == end) world_.head = message.id;
  add(std::move(message));
  return "";
}

std::string Oracle::decide_call(const DecideCall& change) {
  const std::string id = change.message.get();
  Message* message = world_.message(id);
  if (!message) return "unknown_message";
  if (message->deleted) return "deleted";
  if (touched_by_another(id)) return "changed";
  const std::optional<Meant> meant = meant_call(id, change.call);
  if (!meant) return "unknown_call";
  if (!is_as_seen(*message, meant->part)) return "changed";
  if (message->status == "open") return "busy";
  const bool left = meant->made && change.decision == CallStatus::denied;
  if (meant->real || left) return "answered";
  const bool runs = change.decision == CallStatus::running;
  const auto known = message->notes.find(meant->part);
  if (known != message->notes.end()) {
    const std::string& status = known->second.status;
    if (status == "needs_approval" && runs) return "needs_approval";
    const bool open = status == "needs_approval" || (status == "approved" && runs);
    if (!open) return "decided";
  }
  const bool denied = change.decision == CallStatus::denied;
  const std::string word = runs ? "running" : denied ? "denied" : "approved";
  rule(("decide: " + word).c_str());
  message->notes[meant->part] = {word, change.reason};
  touched_ = true;
  if (denied) {
    Part part;
    part.type = "tool_result";
    part.one = change.call;
    part.two = "denied by the user" + (change.reason.empty() ? "" : ": " + change.reason);
    part.serial = ++serial_;
    part.given = part.marked = true;
    message->parts.push_back(part);
  }
  const std::string tool = message->parts[meant->part].two;
  if (change.always && !std::ranges::count(world_.approved, tool)) {
    rule("decide: always");
    world_.approved.push_back(tool);
  }
  return "";
}

// --- Runs that wait for answers ------------------------------------------------------------------

std::string Oracle::last_of(const std::string& run) {
  std::string last;
  for (const Message& message : world_.messages) {
    if (message.run == run && !message.deleted) last = message.id;
  }
  return last;
}

void Oracle::give_up(const std::string& run, const char* why) {
  Run& row = *world_.run(run);
  rule((std::string("resume: given up, ") + why).c_str());
  row.resume = "given_up";
  row.why = why;
  row.until = 0;
  std::erase(world_.awaiting, run);
}

void Oracle::await(const std::string& id) {
  Run& run = *world_.run(id);
  if (run.resume != "asked") return;
  const std::vector<Message> since = since_first(id);
  const std::vector<CallOf> calls = match(since).calls;
  const bool open = std::ranges::any_of(calls, [&](const CallOf& call) {
    return since[call.message].run == id && !call.real && !call.made;
  });
  if (!open && !answered_meanwhile(id)) return;
  rule("resume: a run waits for its answers");
  run.resume = "waiting";
  run.until = at_ + (run.agent == "hasty" ? 12 : answer_time);
  world_.awaiting.push_back(id);
  if (world_.awaiting.size() > 16) give_up(std::string(world_.awaiting.front()), "too_many");
  settle(id);
}

// Somebody else has answered a call of the run while it was writing, and the run wrote nothing
// behind its last call.
bool Oracle::answered_meanwhile(const std::string& id) {
  const std::string last = last_of(id);
  const std::vector<std::string> shown = path(world_.head);
  if (last.empty() || !std::ranges::count(shown, last)) return false;
  std::string type;
  for (const Part& part : world_.message(last)->parts) {
    if (part.type != "tool_result") type = part.type;
  }
  if (type != "tool_call") return false;
  const std::vector<Message> own = shown_since(id);
  bool found = false;
  for (const CallOf& call : match(own).calls) {
    if (own[call.message].run != id) continue;
    const auto& notes = own[call.message].notes;
    const auto note = notes.find(call.part);
    found |= note != notes.end() && note->second.status == "denied";
    found |= call.real && own[call.real_message].run != id;
  }
  if (found) rule("resume: the answer was there before the end");
  return found;
}

// The path to the head, from the run's first message on.
std::vector<Message> Oracle::shown_since(const std::string& run) {
  std::vector<Message> shown = messages_to(world_.head);
  std::string first;
  for (const Message& message : world_.messages) {
    if (first.empty() && message.run == run && !message.deleted) first = message.id;
  }
  // A result above the run's first message is for a call above it.
  const auto begin = std::ranges::find(shown, first, &Message::id);
  if (begin != shown.end()) shown.erase(shown.begin(), begin);
  return shown;
}

void Oracle::move_on(const std::string& head) {
  const std::vector<std::string> shown = path(head);
  for (const std::string& run : std::vector<std::string>(world_.awaiting)) {
    const std::string last = last_of(run);
    if (last.empty() || std::ranges::count(shown, last)) give_up(run, "moved_on");
  }
}

// Has the run calls, and has each its answer? Nothing: it has none any more.
std::optional<bool> Oracle::is_answered(const std::string& run) {
  const std::vector<Message> shown = shown_since(run);
  std::size_t calls = 0;
  for (const CallOf& call : match(shown).calls) {
    const Message& message = shown[call.message];
    if (message.run != run) continue;
    ++calls;
    if (call.real) continue;
    const auto note = message.notes.find(call.part);
    if (note == message.notes.end() || note->second.status != "denied") return false;
  }
  return calls == 0 ? std::nullopt : std::optional(true);
}

namespace {

// The former's id, a dot, and a number that is one higher than the former's; the first one is 2.
std::string next_id(const std::string& run) {
  const std::size_t dot = run.rfind('.');
  if (dot == std::string::npos) return run + ".2";
  const std::string digits = run.substr(dot + 1);
  const bool number = !digits.empty() && digits.front() != '0' && digits.size() < 9 &&
                      std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
  if (!number || std::stoul(digits) < 2) return run + ".2";
  return run.substr(0, dot + 1) + std::to_string(std::stoul(digits) + 1);
}

}  // namespace

void Oracle::settle(const std::string& id) {
  const std::string last = last_of(id);
  const std::vector<std::string> shown = path(world_.head);
  if (last.empty() || !std::ranges::count(shown, last)) return give_up(id, "head_left");
  if (at_ > world_.run(id)->until) return give_up(id, "expired");
  const std::optional<bool> answered = is_answered(id);
  if (!answered) return give_up(id, "head_left");
  if (!*answered) return;
  if (!is_agent(world_.run(id)->agent)) return give_up(id, "no_agent");
  const std::string next = next_id(id);
  if (world_.run(next)) return give_up(id, "taken");
  if (world_.queue.size() >= 32 || (!world_.running() && !room)) return give_up(id, "too_many");
  Run run;
  run.id = next;
  run.status = "queued";
  run.agent = world_.run(id)->agent;
  run.anchor = world_.head;
  run.resume = "asked";
  world_.runs.push_back(run);
  world_.queue.push_back(next);
  Run& former = *world_.run(id);
  former.resume = "resumed";
  former.next = next;
  former.until = 0;
  std::erase(world_.awaiting, id);
  rule("resume: another run goes on");
}

void Oracle::settle() {
  for (const std::string& run : std::vector<std::string>(world_.awaiting)) settle(run);
}

// --- Attempts ------------------------------------------------------------------------------------

std::string Oracle::take(const AttemptRequest& request, std::uint64_t at) {
  world_ = now();
  Run* run = world_.run(request.run.get());
  if (!run) return "unknown_run";
  if (run->status == "queued") return "not_started";
  if (run->ended != 0) return "ended";
  if (request.former != run->attempt) return "fenced";
  const std::string agent = request.agent ? request.agent->get() : run->agent;
  if (agent != run->agent) {
    if (std::ranges::count(world_.messages, run->id, &Message::run)) return "invalid";
    if (!is_agent(agent)) return "unknown_agent";
    rule("attempt: another agent takes over");
    run->agent = agent;
    run->model = "model-of-" + agent;
  }
  rule(request.claim.empty() ? "attempt: raised" : "attempt: claimed");
  ++run->attempt;
  run->seq = 0;
  run->claim = request.claim;
  run->repairs.clear();
  history_[at] = world_;
  return "";
}

// --- What a writer says of its calls -------------------------------------------------------------

void Oracle::note(Message& message, std::size_t part, const std::string& status,
                  const std::string& reason) {
  const bool always =
      status == "needs_approval" && std::ranges::count(world_.approved, message.parts[part].two);
  if (always) rule("a call of a tool that is always allowed");
  message.notes[part] = {always ? "approved" : status, reason};
}

void Oracle::note_again(Message& message, const Message& former) {
  const auto same_call = [](const Part& one, const Part& other) {
    return one.type == "tool_call" && other.type == "tool_call" && one.text == other.text &&
           one.one == other.one && one.two == other.two;
  };
  message.notes.clear();
  for (const auto& [was, note] : former.notes) {
    for (std::size_t at = 0; at < message.parts.size(); ++at) {
      if (message.notes.contains(at) || !same_call(former.parts[was], message.parts[at])) continue;
      const bool told = std::ranges::any_of(message.parts, [&](const Part& part) {
        return part.type == "tool_result" && part.marked && part.one == former.parts[was].one &&
               part.two.starts_with("denied by the user");
      });
      if (note.status == "denied" && !told) {
        rule("put: a denial without its result asks again");
        message.notes[at] = {"needs_approval", ""};
      } else {
        message.notes[at] = note;
      }
      break;
    }
  }
  const Run* run = world_.run(message.run);
  if (!run) return;
  std::set<std::size_t> taken;
  for (std::size_t at = 0; at < message.parts.size(); ++at) {
    const Part& part = message.parts[at];
    if (part.type != "tool_call" || message.notes.contains(at)) continue;
    bool there = false;
    for (std::size_t was = 0; was < former.parts.size() && !there; ++was) {
      if (former.notes.contains(was) || !same_call(former.parts[was], part)) continue;
      there = taken.insert(was).second;
    }
    bool gated = asks(run->agent, part.two);
    for (const auto& [was, note] : former.notes) {
      gated |= former.parts[was].one == part.one || former.parts[was].two == part.two;
    }
    if (there || !gated || std::ranges::count(world_.approved, part.two)) continue;
    rule("put: a call that has changed asks again");
    message.notes[at] = {"needs_approval", ""};
  }
}

void Oracle::note_shorter(Message& message, const Message& former) {
  if (message.run.empty()) return;
  for (std::size_t at = 0; at < message.parts.size(); ++at) {
    const Part& part = message.parts[at];
    if (part.type != "tool_call" || part.text == former.parts[at].text) continue;
    const auto known = former.notes.find(at);
    bool gated = asks(world_.run(message.run)->agent, part.two);
    if (known != former.notes.end()) {
      gated |= known->second.status != "running" || former.status != "open";
    }
    if (!gated) continue;
    rule("a cut: a shorter call asks again");
    note(message, at, "needs_approval", "");
  }
}

void Oracle::cut_own(Message& message, const std::vector<Units>& keep) {
  const Message former = message;
  message.taken_back = at_;
  message.parts.resize(keep.size());
  for (std::size_t part = 0; part < keep.size(); ++part) {
    Part& kept = message.parts[part];
    if (!grows(kept) || keep[part] >= kept.text.size()) continue;
    shorten(kept.text, keep[part]);
    kept.cuts.emplace_back(at_, kept.text.size());
  }
  drop_beside(message, former.parts);
  note_shorter(message, former);
}

}  // namespace lockstep::oracle
