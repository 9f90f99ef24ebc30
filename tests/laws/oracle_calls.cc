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
      if (taker) {
        taker->made = true;
        taker->made_part = in;
      }
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

std::string unwanted(const std::vector<Message>& path, const std::function<bool(std::size_t)>& by,
                     const std::vector<Part>& former) {
  for (const CallOf& call : match(path).calls) {
    if (call.real ? !by(call.real_message) : !call.made || !by(call.message)) continue;
    if (!call.real) {
      const Part& made = path[call.message].parts[call.made_part];
      const bool known = std::ranges::any_of(former, [&](const Part& each) {
        return each.type == made.type && each.one == made.one && each.two == made.two &&
               each.marked == made.marked && each.failed == made.failed;
      });
      if (known) continue;
    }
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

std::string Oracle::stray_among(const std::string& head, const std::vector<MessageInput>& input,
                                std::uint64_t sent) {
  const std::vector<Message> before = messages_to(head);
  std::vector<Message> after = before;
  for (const MessageInput& each : input) {
    Message& message = after.emplace_back();
    message.role = role_name(each.role);
    for (const auto& part : each.parts) message.parts.push_back(part_of(part));
  }
  const auto is_new = [&](std::size_t at) { return at >= before.size(); };
  if (std::string code = stray(before, after); !code.empty()) return code;
  if (std::string code = unwanted(after, is_new); !code.empty()) return code;
  for (const CallOf& call : match(after).calls) {
    if (!call.real || !is_new(call.real_message) || is_new(call.message)) continue;
    const Message& of = after[call.message];
    if (std::max(of.created, of.put) > sent) return "changed";
  }
  return "";
}

std::string Oracle::stray_in_put(const std::string& id, const std::vector<Part>& parts) {
  std::string end = id;
  if (!world_.head.empty() && below(world_.head, id)) end = world_.head;
  const std::vector<Message> before = messages_to(end);
  std::vector<Message> after = before;
  const std::vector<Part> former = world_.message(id)->parts;
  std::ranges::find(after, id, &Message::id)->parts = parts;
  const std::string code = stray(before, after);
  if (code.empty() && stray({}, after) != "") rule("put: a stray result that was there may stay");
  if (!code.empty()) return code;
  return unwanted(after, [&](std::size_t at) { return after[at].id == id; }, former);
}

std::string Oracle::unfit_of_writer(const Message& of, const Part& begun) {
  const auto has = [&](const Message& message, const char* type) {
    return std::ranges::any_of(message.parts, [&](const Part& part) {
      if (part.type != type || part.one != begun.one) return false;
      return part.type != "tool_result" || !is_made(message, part);
    });
  };
  const auto noted = [](const Message& message, std::size_t part) -> std::string {
    const auto note = message.notes.find(part);
    if (note == message.notes.end()) return "";
    if (note->second.status == "needs_approval") return "needs_approval";
    return note->second.status == "denied" ? "answered" : "";
  };
  if (is_made(of, begun)) {
    for (const Message& each : world_.messages) {
      if (each.run != of.run || each.deleted || each.role != "assistant") continue;
      for (std::size_t at = 0; at < each.parts.size(); ++at) {
        if (each.parts[at].type != "tool_call" || each.parts[at].one != begun.one) continue;
        if (std::string code = noted(each, at); !code.empty()) return code;
      }
    }
    return "";
  }
  std::vector<Message> path = messages_to(of.id);
  path.back().parts.push_back(begun);
  bool beside = false;
  for (std::size_t at = path.size(); at-- > 0;) {
    const bool own = path[at].run == of.run;
    beside |= !own && has(path[at], "tool_result");
    if (path[at].role != "assistant" || !has(path[at], "tool_call")) continue;
    const std::vector<Message> below_it(path.begin() + static_cast<std::ptrdiff_t>(at), path.end());
    for (const CallOf& call : match(below_it).calls) {
      const bool last = call.real && call.real_message + 1 == below_it.size() &&
                        call.real_part + 1 == below_it.back().parts.size();
      if (!last) continue;
      const Message& asked = below_it[call.message];
      if (std::string code = noted(asked, call.part); !code.empty()) return code;
      return answered_by_another(asked.id, call.part, of.run) ? "answered" : "";
    }
    if (!own || !beside) continue;
    rule("a writer's result comes below a person's");
    return "answered";
  }
  return "";
}

bool Oracle::answered_by_another(const std::string& asked, std::size_t part,
                                 const std::string& run) {
  for (const Message& each : world_.messages) {
    if (each.run == run || each.deleted || !below(each.id, asked)) continue;
    const std::vector<Message> path = messages_to(each.id);
    for (const CallOf& call : match(path).calls) {
      const bool same = path[call.message].id == asked && call.part == part;
      if (!same || !call.real || call.real_message + 1 != path.size()) continue;
      rule("a writer's result comes behind a person's");
      return true;
    }
  }
  return false;
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
