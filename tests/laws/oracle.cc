// SPDX-License-Identifier: Apache-2.0
#include "tests/laws/oracle.h"

#include <algorithm>
#include <set>

#include "tests/laws/oracle_words.h"

namespace lockstep::oracle {

Message* World::message(const std::string& id) {
  const auto found = std::ranges::find(messages, id, &Message::id);
  return found == messages.end() ? nullptr : &*found;
}
Run* World::run(const std::string& id) {
  const auto found = std::ranges::find(runs, id, &Run::id);
  return found == runs.end() ? nullptr : &*found;
}
Run* World::running() {
  const auto found = std::ranges::find(runs, "running", &Run::status);
  return found == runs.end() ? nullptr : &*found;
}

const World& Oracle::at(std::uint64_t time) const {
  return std::prev(history_.upper_bound(time))->second;
}

void Oracle::rewind(std::uint64_t until, std::uint64_t epoch) {
  history_.erase(history_.upper_bound(until), history_.end());
  for (auto& [device, memory] : memory_) {
    std::erase_if(memory, [&](const Memory& one) { return one.at > until; });
  }
  for (auto& [message, touches] : touches_) {
    std::erase_if(touches, [&](const Touch& one) { return one.at > until; });
  }
  former_[epoch_] = until;
  for (auto& [former, shared] : former_) shared = std::min(shared, until);
  epoch_ = epoch;
}

bool Oracle::is_known(const Cursor& cursor) const {
  if (cursor.epoch.get() == epoch_) return cursor.at.get() <= last();
  const auto former = former_.find(cursor.epoch.get());
  if (former == former_.end() || cursor.at.get() > former->second) return false;
  rule("a cursor of an earlier epoch is good up to the cut");
  return true;
}

std::vector<std::string> Oracle::path(std::string id) {
  std::vector<std::string> ids;
  for (; !id.empty(); id = world_.message(id)->parent) ids.push_back(id);
  return ids;
}

bool Oracle::below(std::string id, const std::string& ancestor) {
  if (ancestor.empty()) return true;
  for (id = world_.message(id)->parent; !id.empty(); id = world_.message(id)->parent) {
    if (id == ancestor) return true;
  }
  return false;
}

std::string Oracle::living(std::string id) {
  while (!id.empty() && world_.message(id)->deleted) id = world_.message(id)->parent;
  return id;
}

bool Oracle::taken(const std::string& id) {
  if (world_.message(id)) return true;
  for (const std::string& waiting : world_.queue) {
    for (const MessageInput& input : world_.run(waiting)->input) {
      if (input.id.get() == id) return true;
    }
  }
  return false;
}

void Oracle::add(Message message) {
  message.created = at_;
  if (message.role == "user" && !world_.titled) {
    for (const Part& part : message.parts) {
      if (part.type != "text") continue;
      world_.title = title_of(part.text);
      world_.titled = !world_.title.empty();
      if (world_.titled) break;
    }
  }
  world_.messages.push_back(std::move(message));
}

std::string Oracle::place(bool behind, const std::string& anchor) {
  const std::string to = living(anchor);
  if (to != anchor) rule("a deleted anchor stands for its nearest living ancestor");
  if (behind && !world_.head.empty() && below(world_.head, to)) {
    rule("after: behind the head that lies below it");
    return world_.head;
  }
  rule(to.empty()          ? "a new root"
       : !behind           ? "parent: exactly below it"
       : world_.head == to ? "after: behind the head itself"
                           : "after: behind it, the head is elsewhere");
  return to;
}

std::vector<Part> Oracle::parts_of(const lockstep::Parts& parts) {
  std::vector<Part> made;
  for (const auto& part : parts) {
    made.push_back(part_of(part));
    made.back().serial = ++serial_;
  }
  return made;
}

// --- Runs ----------------------------------------------------------------------------------------

// The message as its user saw it.
std::vector<Part> Oracle::as_seen(const Message& message) const {
  World then = at(seen_);
  const Message* seen = then.message(message.id);
  std::vector<Part> kept;
  if (seen && !seen->deleted) kept = seen->parts;
  // Of several stops the shortest length holds, so the present text is a bound too.
  std::size_t common = 0;
  while (common < kept.size() && common < message.parts.size() &&
         kept[common].serial == message.parts[common].serial) {
    shorten(kept[common].text, message.parts[common].text.size());
    // What its writer has taken back was seen, and is not there any more.
    for (const auto& [when, units] : message.parts[common].cuts) {
      if (when > seen_) shorten(kept[common].text, units);
    }
    kept[common].cuts = message.parts[common].cuts;
    ++common;
  }
  kept.resize(common);
  for (const Shown& shown : shown_) {
    if (shown.message.get() != message.id || shown.part >= kept.size()) continue;
    if (!grows(kept[shown.part]) || kept[shown.part].text.size() <= shown.length) continue;
    rule("stop: less was shown than received");
    shorten(kept[shown.part].text, shown.length);
  }
  for (std::size_t part = 0; part < kept.size(); ++part) {
    if (kept[part].type == "tool_call" && !is_object(kept[part].text)) {
      rule("stop: a half-seen call goes, with all behind it");
      kept.resize(part);
      break;
    }
  }
  // No user or model wrote the results that were given to calls: they alone are no reason to cut.
  std::vector<Part> own = message.parts;
  while (own.size() > common && own.back().given) own.pop_back();
  return own == kept ? message.parts : kept;
}

void Oracle::finish(Run& run, const std::string& status) {
  if (run.status == "queued" && status == "stopped") run.input.clear();
  run.status = status;
  run.ended = at_;
  std::erase(world_.queue, run.id);
}

void Oracle::stop_running(const std::string& status) {
  Run& run = *world_.running();
  for (Message& message : world_.messages) {
    if (message.run != run.id || message.deleted) continue;
    const Message former = message;
    std::vector<Part> kept = as_seen(message);
    if (kept != message.parts) rule("stop: cut to less than was stored");
    if (kept.empty()) rule("stop: a message that had nothing stays, empty");
    if (kept != message.parts || message.status == "open") message.status = "stopped";
    std::swap(message.parts, kept);
    drop_beside(message, kept);
    note_shorter(message, former);
  }
  answer_calls_of(run, "stopped by the user");
  finish(run, status);
}

void Oracle::begin(const std::string& id) {
  Run& run = *world_.run(id);
  std::string head = place(run.behind, run.anchor);
  if (!is_agent(run.agent)) {
    rule("a start: its agent was removed");
    return finish(run, "failed");
  }
  if (head.empty() && run.input.empty()) return finish(run, "superseded");
  if (!stray_among(head, run.input, run.queued).empty()) {
    rule("a start: a call has changed since its result began to wait");
    return finish(run, "failed");
  }
  for (const MessageInput& input : run.input) {
    Message message;
    message.id = input.id.get();
    message.parent = head;
    message.role = role_name(input.role);
    message.author = input.author.value_or("");
    message.metadata = opaque(input.metadata);
    message.status = "complete";
    message.parts = parts_of(input.parts);
    add(std::move(message));
    head = input.id.get();
  }
  give(messages_to(head), "", "no result");
  if (world_.head != head) rule("a start moves the head");
  world_.head = head;
  move_on(head);
  run.input.clear();
  run.head = head;
  run.started = at_;
  run.status = "running";
  run.model = "model-of-" + run.agent;
  std::erase(world_.queue, id);
}

void Oracle::begin_next() {
  while (!world_.running() && !world_.queue.empty()) begin(std::string(world_.queue.front()));
}

// --- Changes -------------------------------------------------------------------------------------

std::vector<Answer> Oracle::take(const ChangeRequest& request, std::uint64_t at) {
  world_ = now();
  at_ = at;
  said_.clear();
  rolled_back_.clear();
  touched_ = false;
  device_ = request.device ? request.user.get() + "/" + request.device->get() : "";
  std::vector<Answer> answers;
  for (const Change& change : request.changes) answers.push_back(answer(request, change));
  settle();
  begin_next();
  touched_ |= world_ != now();
  const bool nothing = last() == 0 && !touched_;
  if (nothing) return answers;
  note_touches(now());
  auto& memory = memory_[device_];
  memory.insert(memory.end(), said_.begin(), said_.end());
  std::ranges::sort(memory, {}, &Memory::op);
  while (memory.size() > 64) memory.erase(memory.begin());
  if (touched_ || !said_.empty()) history_[at] = world_;
  return answers;
}

// Records the messages that a change put or shortened, with the device if the op names one.
void Oracle::note_touches(const World& before) {
  const auto note = [&](const std::string& id) {
    touches_[id].push_back({at_, said_.empty() ? "" : device_});
  };
  World then = before;
  for (const Message& message : world_.messages) {
    const Message* former = then.message(message.id);
    bool less = !former || message.put == at_;
    for (std::size_t part = 0; former && part < former->parts.size(); ++part) {
      less |= part >= message.parts.size() ||
              message.parts[part].serial != former->parts[part].serial ||
              message.parts[part].text != former->parts[part].text;
    }
    if (less) note(message.id);
  }
  for (const std::string& id : rolled_back_) note(id);
}

bool Oracle::touched_by_another(const std::string& message) const {
  const auto found = touches_.find(message);
  return found != touches_.end() && std::ranges::any_of(found->second, [&](const Touch& touch) {
           return touch.at > seen_ && (touch.by.empty() || touch.by != device_);
         });
}

Answer Oracle::answer(const ChangeRequest& request, const Change& change) {
  if (change.op) {
    std::vector<Memory> all = memory_[device_];
    const std::uint64_t oldest = all.empty() ? 0 : all.front().op;
    all.insert(all.end(), said_.begin(), said_.end());
    const auto known = std::ranges::find(all, change.op->get(), &Memory::op);
    if (known != all.end()) {
      rule(known->content != change.content ? "op: reused" : "op: known, answered as before");
      if (known->content != change.content) return {false, false, "op_reused"};
      Answer again = known->answer;
      again.duplicate = true;
      return again;
    }
    if (change.op->get() < oldest) {
      rule("op: too old");
      return {false, false, "op_too_old"};
    }
  }
  Answer answer;
  started_.clear();
  const std::optional<Cursor> seen = change.seen ? change.seen : request.cursor;
  shown_.clear();
  seen_ = seen ? seen->at.get() : last();
  if (request.if_head && now().head != request.if_head->get()) {
    answer.code = "head_moved";
  } else if (seen && !is_known(*seen)) {
    answer.code = "unknown_history";
  } else {
    answer.code = judge(change);
  }
  answer.applied = answer.code.empty();
  if (answer.applied) answer.run = started_;
  if (!answer.applied) rule(("refused: " + answer.code).c_str());
  if (change.op) said_.push_back({change.op->get(), change.content, answer, at_});
  return answer;
}

std::string Oracle::judge(const Change& change) {
  if (const auto* what = std::get_if<StartRun>(&change.what)) return start(*what);
  if (const auto* what = std::get_if<PutMessage>(&change.what)) return put(*what);
  if (const auto* what = std::get_if<DeleteMessage>(&change.what)) return erase(*what);
  if (const auto* what = std::get_if<StopRun>(&change.what)) return stop(*what);
  if (const auto* what = std::get_if<MoveHead>(&change.what)) return move(*what);
  if (const auto* what = std::get_if<AnswerCall>(&change.what)) return answer_call(*what);
  if (const auto* what = std::get_if<DecideCall>(&change.what)) return decide_call(*what);
  return update(std::get<UpdateThread>(change.what));
}

std::string Oracle::start(const StartRun& change) {
  started_ = change.run.get();
  if (world_.run(change.run.get())) {
    rule("start: a known run is joined");
    return "";
  }
  if (change.continues) {
    if (std::string code = may_continue(change); !code.empty()) return code;
    if (std::string other = continuation(change.continues->get()); !other.empty()) {
      rule("start: an answer has one continuation, which is joined");
      started_ = other;
      return "";
    }
  }
  if (last() == 0) rule("start: makes the thread");
  for (const Op op : change.needs) {
    std::vector<Memory> all = memory_[device_];
    all.insert(all.end(), said_.begin(), said_.end());
    const auto known = std::ranges::find(all, op.get(), &Memory::op);
    if (known == all.end() || !known->answer.applied) return "depends";
    rule("start: what it needs was applied");
  }
  if (!is_agent(change.agent.get())) return "unknown_agent";
  std::set<std::string> ids;
  for (const MessageInput& input : change.input) {
    if (taken(input.id.get())) return "exists";
    if (!ids.insert(input.id.get()).second) return "invalid";
  }
  Run run;
  run.id = change.run.get();
  run.status = "queued";
  run.agent = change.agent.get();
  run.input = change.input;
  run.queued = at_;
  if (change.resumes) run.resume = "asked";
  run.anchor = at(seen_).head;
  if (change.place) {
    run.behind = change.place->kind == Place::Kind::after;
    run.anchor = change.place->message ? change.place->message->get() : "";
    if (!run.anchor.empty() && !world_.message(run.anchor)) return "unknown_message";
  }
  if (change.continues) {
    run.continues = run.anchor = change.continues->get();
    run.behind = false;
  }
  const std::string head = place(run.behind, run.anchor);
  if (head.empty() && run.input.empty()) return "invalid";
  if (std::string code = stray_among(head, change.input, at_); !code.empty()) return code;
  const bool busy = world_.running() || !world_.queue.empty();
  const WhenBusy when =
      change.when_busy.value_or(run.behind || change.continues ? WhenBusy::queue : WhenBusy::stop);
  if (busy && when == WhenBusy::reject) return "busy";
  if (busy && world_.queue.size() >= 32) return "too_many";
  World former = now();
  // Without room a run may go on where one runs, and one that is written outside has none to take.
  if (!busy && !room && !former.running() && run.agent != "push") return "too_many";
  run.anchor = living(run.anchor);
  if (busy) {
    rule(when == WhenBusy::queue  ? "start: waits its turn"
         : when == WhenBusy::stop ? "start: interrupts the running one"
                                  : "start: rolls the running one back");
  }
  if (world_.running() && when == WhenBusy::stop) stop_running("stopped");
  if (world_.running() && when == WhenBusy::rollback) {
    Run& other = *world_.running();
    for (Message& message : world_.messages) {
      if (message.run != other.id || message.deleted) continue;
      rolled_back_.push_back(message.id);
      drop_beside(message, std::exchange(message.parts, {}));
      message.status = "stopped";
    }
    finish(other, "stopped");
  }
  world_.runs.push_back(run);
  world_.queue.push_back(run.id);
  if (!busy || when != WhenBusy::queue) begin(run.id);
  return "";
}

std::string Oracle::put(const PutMessage& change) {
  const std::string id = change.id.get();
  const std::string to =
      change.place ? (change.place->message ? change.place->message->get() : "") : at(seen_).head;
  const bool behind = !change.place || change.place->kind == Place::Kind::after;
  if (Message* known = world_.message(id)) {
    if (known->deleted) return "deleted";
    if (change.if_absent) {
      rule("put: if_absent, and it is there");
      return "";
    }
    if (change.if_unchanged && touched_by_another(id)) return "changed";
    if (change.role && role_name(*change.role) != known->role) return "invalid";
    if (change.place) {
      if (!to.empty() && !world_.message(to)) return "unknown_message";
      const bool stands =
          known->parent == to || (behind ? below(id, to) : known->parent == living(to));
      if (!stands) return "invalid";
    }
    const std::vector<Part> parts = parts_of(change.parts);
    if (std::string code = stray_in_put(id, parts); !code.empty()) return code;
    const Message former = *known;
    if (Run* run = world_.running()) {
      const std::vector<std::string> given = path(run->head);
      if (std::ranges::count(given, id)) {
        rule("put: on the running one's path, which is superseded");
        stop_running("superseded");
      } else if (known->run == run->id) {
        rule("put: over the running one's message, which stops");
        stop_running("stopped");
      }
    }
    rule("put: replaced in place");
    known->parts = parts;
    known->opaque = former.opaque;
    drop_beside(*known, former.parts);
    note_again(*known, former);
    known->status = "complete";
    known->finish_reason.clear();
    known->model.clear();
    known->put = at_;
    if (change.author) known->author = *change.author;
    if (change.metadata) known->metadata = change.metadata->text;
    return "";
  }
  if (taken(id)) return "exists";
  if (change.place && !to.empty() && !world_.message(to)) return "unknown_message";
  Message message;
  message.id = id;
  message.parent = place(behind, to);
  message.role = role_name(change.role.value_or(Role::user));
  message.author = change.author.value_or("");
  message.metadata = opaque(change.metadata);
  message.status = "complete";
  message.parts = parts_of(change.parts);
  const std::vector<Message> before = messages_to(message.parent);
  std::vector<Message> after = before;
  after.push_back(message);
  if (std::string code = stray(before, after); !code.empty()) return code;
  const auto is_last = [&](std::size_t at) { return at == before.size(); };
  if (std::string code = unwanted(after, is_last); !code.empty()) return code;
  add(std::move(message));
  world_.head = id;
  rule(change.if_absent ? "put: if_absent, and it was not" : "put: new, and the head moves");
  return "";
}

std::string Oracle::erase(const DeleteMessage& change) {
  const std::string id = change.message.get();
  if (!world_.message(id)) return "unknown_message";
  std::set<std::string> doomed;
  for (const Message& message : world_.messages) {
    if (message.id == id || below(message.id, id)) {
      if (!message.deleted) doomed.insert(message.id);
    }
  }
  if (doomed.empty()) return "";
  if (change.if_unchanged) {
    for (const std::string& each : doomed) {
      if (touched_by_another(each)) return "changed";
    }
  }
  rule(doomed.size() > 1 ? "delete: with its descendants" : "delete: one message");
  if (Run* run = world_.running()) {
    bool given = false;
    for (const std::string& above : path(run->head)) given |= doomed.contains(above);
    bool written = false;
    for (const std::string& each : doomed) written |= world_.message(each)->run == run->id;
    if (given) {
      rule("delete: on the running one's path, which is superseded");
      stop_running("superseded");
    } else if (written) {
      rule("delete: of the running one's message, which stops");
      stop_running("stopped");
    }
  }
  for (const std::string& waiting : std::vector<std::string>(world_.queue)) {
    Run& run = *world_.run(waiting);
    if (!doomed.contains(run.anchor)) continue;
    rule("queue: an anchor is deleted, the run ends superseded");
    finish(run, "superseded");
  }
  for (const std::string& each : doomed) {
    Message& message = *world_.message(each);
    message.deleted = true;
    message.parts.clear();
    message.opaque.clear();
    message.notes.clear();
    message.author.clear();
    message.metadata.clear();
    message.usage.clear();
    message.finish_reason.clear();
    message.model.clear();
    message.continues.clear();
  }
  if (living(world_.head) != world_.head) rule("delete: the head goes to a living ancestor");
  world_.head = living(world_.head);
  return "";
}

std::string Oracle::stop(const StopRun& change) {
  std::string id = change.run ? change.run->get() : "";
  if (!change.run) {
    World then = at(seen_);
    if (const Run* run = then.running()) {
      rule("stop: the run that was running at seen");
      id = run->id;
    }
  }
  Run* run = world_.run(id);
  if (!run) return "unknown_run";
  shown_ = change.shown;
  if (run->status == "queued") {
    rule("stop: a waiting run drops its input");
    finish(*run, "stopped");
    return "";
  }
  if (run->status == "running") {
    rule("stop: the running run");
    stop_running("stopped");
    return "";
  }
  bool cuts = false;
  bool anew = false;
  std::set<std::string> cut;
  for (const Message& message : world_.messages) {
    if (message.run != id || message.deleted) continue;
    World then = at(seen_);
    const bool put_since = message.put > seen_ && message.put > 0;
    if (put_since) anew = true;
    const std::vector<Part> kept = put_since ? std::vector<Part>() : as_seen(message);
    if (kept != message.parts) cut.insert(message.id);
  }
  cuts = !cut.empty();
  rule(cuts ? "stop: a run that had ended is cut" : "stop: nothing is left to cut");
  const bool waits = run->resume == "waiting";
  if (!cuts) {
    if (waits) give_up(id, "stopped");
    return "";
  }
  if (anew) return "built_upon";
  for (const Run& other : world_.runs) {
    if (other.id == id || other.started == 0 || other.started <= seen_) continue;
    for (const std::string& given : path(other.head)) {
      if (cut.contains(given)) return "built_upon";
    }
  }
  if (waits) give_up(id, "stopped");
  for (const std::string& each : cut) {
    Message& message = *world_.message(each);
    const Message former = message;
    message.parts = as_seen(message);
    drop_beside(message, former.parts);
    message.status = "stopped";
    note_shorter(message, former);
  }
  answer_calls_of(*run, "stopped by the user");
  return "";
}

std::string Oracle::move(const MoveHead& change) {
  if (change.head) {
    const Message* message = world_.message(change.head->get());
    if (!message) return "unknown_message";
    if (message->deleted) return "deleted";
  }
  const std::string head = change.head ? change.head->get() : "";
  touched_ |= world_.head != head;  // a later move of the request may bring it back
  world_.head = head;
  return "";
}

std::string Oracle::update(const UpdateThread& change) {
  touched_ |= change.title || change.archived || change.metadata || change.approved_tools;
  if (change.approved_tools) world_.approved = *change.approved_tools;
  if (change.title) {
    world_.title = widen(*change.title);
    world_.titled = true;
  }
  if (change.archived) world_.archived = *change.archived;
  return "";
}

}  // namespace lockstep::oracle
