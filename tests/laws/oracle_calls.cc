// SPDX-License-Identifier: Apache-2.0
// oracle_calls.cc: the oracle's rules for calls, their results, and answers that go on.
#include <algorithm>

#include "tests/laws/oracle_words.h"

namespace lockstep::oracle {
namespace {

std::size_t count_of(const std::vector<std::string>& ids, const std::string& id) {
  return static_cast<std::size_t>(std::ranges::count(ids, id));
}

std::vector<std::string> results_on(const std::vector<Message>& path, bool made) {
  std::vector<std::string> ids;
  for (const Message& message : path) {
    for (const Part& part : message.parts) {
      if (part.type == "tool_result" && is_made(message, part) == made) ids.push_back(part.one);
    }
  }
  return ids;
}

bool is_denied(const std::vector<Message>& path, const CallOf& call) {
  const auto note = path[call.message].notes.find(call.part);
  return note != path[call.message].notes.end() && note->second.status == "denied";
}

}  // namespace

bool is_made(const Message& message, const Part& part) {
  const bool text =
      part.two == "no result" || part.two == "interrupted" || part.two == "stopped by the user";
  return part.marked || (text && message.role == "assistant" && !message.run.empty());
}

Matched match(const std::vector<Message>& path) {
  Matched matched;
  for (std::size_t at = 0; at < path.size(); ++at) {
    for (std::size_t in = 0; in < path[at].parts.size(); ++in) {
      const Part& part = path[at].parts[in];
      if (part.type == "tool_call" && path[at].role == "assistant") {
        matched.calls.push_back({at, part.one, false, false, in});
      }
      if (part.type != "tool_result" || is_made(path[at], part)) continue;
      CallOf* taker = nullptr;
      for (const bool denied : {false, true}) {
        if (taker) break;
        for (CallOf& call : matched.calls) {
          if (call.real || call.id != part.one || is_denied(path, call) != denied) continue;
          if (!taker || taker->message != call.message) taker = &call;
        }
      }
      if (taker) {
        taker->real = true;
        taker->real_message = at;
        taker->real_part = in;
      }
      if (!taker) matched.strays.push_back(part.one);
    }
  }
  // Then the made ones: each to a call of its message, one without a real result first.
  for (std::size_t at = 0; at < path.size(); ++at) {
    for (std::size_t in = 0; in < path[at].parts.size(); ++in) {
      const Part& part = path[at].parts[in];
      if (part.type != "tool_result" || !is_made(path[at], part)) continue;
      CallOf* taker = nullptr;
      for (CallOf& call : matched.calls) {
        if (call.message != at || call.id != part.one || call.made || call.part > in) continue;
        const bool denial = part.two.starts_with("denied by the user");
        const bool fits = is_denied(path, call) == denial;
        const bool other_fits = taker && is_denied(path, *taker) == denial;
        const bool better = fits == other_fits ? taker && taker->real && !call.real : fits;
        if (!taker || better) taker = &call;
      }
      if (taker) taker->made = true;
      if (!taker) matched.strays.push_back(part.one);
    }
  }
  return matched;
}

std::string stray(const std::vector<Message>& before, const std::vector<Message>& after) {
  const std::vector<std::string> strays = match(after).strays;
  const std::vector<std::string> former_strays = match(before).strays;
  const auto more = [&](const std::string& id, bool made) {
    return count_of(results_on(after, made), id) > count_of(results_on(before, made), id);
  };
  for (const Message& message : after) {
    for (const Part& part : message.parts) {
      if (part.type != "tool_result") continue;
      const std::string& id = part.one;
      if (!more(id, false) && !more(id, true)) continue;
      if (count_of(strays, id) <= count_of(former_strays, id)) continue;
      const std::vector<CallOf> calls = match(after).calls;
      return std::ranges::count(calls, id, &CallOf::id) > 0 ? "answered" : "unknown_call";
    }
  }
  return "";
}

std::string unwanted(const std::vector<Message>& path, const std::function<bool(std::size_t)>& by) {
  for (const CallOf& call : match(path).calls) {
    if (!call.real || !by(call.real_message)) continue;
    const auto& notes = path[call.message].notes;
    const auto note = notes.find(call.part);
    if (note == notes.end()) continue;
    if (note->second.status == "needs_approval") return "needs_approval";
    if (note->second.status == "denied") return "answered";
  }
  return "";
}

std::vector<Message> Oracle::messages_to(const std::string& id) {
  std::vector<Message> messages;
  for (const std::string& each : path(id)) messages.push_back(*world_.message(each));
  std::ranges::reverse(messages);
  return messages;
}

std::string Oracle::stray_among(const std::string& head, const std::vector<MessageInput>& input) {
  const std::vector<Message> before = messages_to(head);
  std::vector<Message> after = before;
  for (const MessageInput& each : input) {
    Message& message = after.emplace_back();
    message.role = role_name(each.role);
    for (const auto& part : each.parts) message.parts.push_back(part_of(part));
  }
  const std::string code = stray(before, after);
  if (!code.empty()) return code;
  return unwanted(after, [&](std::size_t at) { return at >= before.size(); });
}

std::string Oracle::stray_in_put(const std::string& id, const std::vector<Part>& parts) {
  std::string end = id;
  if (!world_.head.empty() && below(world_.head, id)) end = world_.head;
  const std::vector<Message> before = messages_to(end);
  std::vector<Message> after = before;
  std::ranges::find(after, id, &Message::id)->parts = parts;
  const std::string code = stray(before, after);
  if (code.empty() && stray({}, after) != "") rule("put: a stray result that was there may stay");
  if (!code.empty()) return code;
  return unwanted(after, [&](std::size_t at) { return after[at].id == id; });
}

void Oracle::give(const std::vector<Message>& among, const std::string& run,
                  const std::string& content) {
  for (const CallOf& call : match(among).calls) {
    const Message& of = among[call.message];
    if (call.real || call.made || (!run.empty() && of.run != run)) continue;
    rule(content == "stopped by the user" ? "stop: a whole call gets a result"
         : content == "interrupted"       ? "an interrupted call gets a result"
                                          : "a run's path: a dangling call gets a result");
    Part part;
    part.type = "tool_result";
    part.one = call.id;
    part.two = content;
    const auto note = of.notes.find(call.part);
    const bool unapproved = note != of.notes.end() && note->second.status == "needs_approval";
    if (content == "no result" && unapproved) part.two = "not approved by the user";
    part.serial = ++serial_;
    part.given = part.marked = true;
    world_.message(of.id)->parts.push_back(part);
  }
}

void Oracle::answer_calls_of(const Run& run, const std::string& content) {
  give(since_first(run.id), run.id, content);
}

std::vector<Message> Oracle::since_first(const std::string& run) {
  std::vector<Message> since;
  for (const Message& message : world_.messages) {
    if (message.deleted) continue;
    if (message.run == run || !since.empty()) since.push_back(message);
  }
  return since;
}

// --- Going on ------------------------------------------------------------------------------------

std::string Oracle::may_continue(const StartRun& change) {
  const Message* message = world_.message(change.continues->get());
  if (!message) return "unknown_message";
  if (message->deleted) return "deleted";
  const bool alone = change.input.empty() && !change.place;
  if (!alone || message->role != "assistant" || message->status == "open") return "invalid";
  for (const Message& below : world_.messages) {
    if (below.deleted || below.parent != message->id) continue;
    for (const Part& part : below.parts) {
      if (part.type != "tool_result" || is_made(below, part)) continue;
      const bool calls = std::ranges::any_of(message->parts, [&](const Part& call) {
        return call.type == "tool_call" && call.one == part.one;
      });
      if (!calls) continue;
      // The message itself may hold the real result: then the one below is a stray.
      const std::vector<Message> both{*message, below};
      const Matched alone_by_itself = match({*message});
      const Matched with = match(both);
      std::size_t before = 0;
      std::size_t after = 0;
      for (const CallOf& call : alone_by_itself.calls) before += call.real ? 1 : 0;
      for (const CallOf& call : with.calls) {
        if (call.message == 0) after += call.real ? 1 : 0;
      }
      if (after > before) {
        rule("continue: refused, a result stands below");
        return "invalid";
      }
    }
  }
  return "";
}

std::string Oracle::continuation(const std::string& id) {
  std::string found;
  for (const Run& run : world_.runs) {
    if (run.continues != id) continue;
    bool goes_on = run.ended == 0;
    for (const Message& message : world_.messages) {
      goes_on |= message.run == run.id && message.continues == id && !message.deleted;
    }
    if (goes_on) found = run.id;
  }
  return found;
}

}  // namespace lockstep::oracle
