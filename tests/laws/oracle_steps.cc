// SPDX-License-Identifier: Apache-2.0
// oracle_steps.cc: the oracle's rules for a producer's steps and for a crash.
#include <algorithm>

#include "tests/laws/oracle_words.h"

namespace lockstep::oracle {

// A call whose arguments are no whole object goes, with all behind it.
void Oracle::drop_half_call(Message& message) {
  const std::vector<Part> former = message.parts;
  for (std::size_t part = 0; part < message.parts.size(); ++part) {
    if (message.parts[part].type != "tool_call" || is_object(message.parts[part].text)) continue;
    message.parts.resize(part);
  }
  drop_beside(message, former);
}

// --- Steps ---------------------------------------------------------------------------------------

std::string Oracle::take(const StepBatch& batch, std::uint64_t at) {
  world_ = now();
  at_ = at;
  Run* run = world_.run(batch.run.get());
  if (!run) return "unknown_run";
  if (batch.attempt != run->attempt) return "fenced";
  if (run->ended != 0 && !run->by_producer) return "ended";
  if (batch.steps.empty() || batch.steps.front().seq == 0) return "invalid";
  for (std::size_t i = 0; i < batch.steps.size(); ++i) {
    if (batch.steps[i].seq != batch.steps.front().seq + i) return "invalid";
  }
  if (batch.steps.front().seq > run->seq + 1) return "gap";
  if (batch.steps.back().seq <= run->seq) return "";
  if (run->ended != 0) return "ended";
  bool over = false;
  for (const Step& each : batch.steps) {
    if (each.seq <= run->seq) continue;
    std::string refusal;
    if (over) return "invalid";
    if (!step(batch, each, refusal, over)) return refusal;
  }
  world_.run(batch.run.get())->seq = batch.steps.back().seq;
  begin_next();
  history_[at] = world_;
  return "";
}

bool Oracle::step(const StepBatch& batch, const Step& step, std::string& refusal, bool& over) {
  const std::string id = batch.run.get();
  Run& run = *world_.run(id);
  const auto refuse = [&](const char* code) {
    refusal = code;
    return false;
  };
  if (const auto* open = std::get_if<OpenMessage>(&step.what)) {
    if (taken(open->message.get())) return refuse("exists");
    std::string parent = run.head;
    for (const Message& message : world_.messages) {
      if (message.run == id) parent = message.id;
    }
    const bool begins = std::ranges::count(world_.messages, id, &Message::run) == 0;
    if (!open->parent && !(begins && !run.continues.empty())) {
      // Results that came meanwhile stand between, and the answer goes on behind them.
      std::string at = world_.head;
      while (!at.empty() && at != parent && world_.message(at)->role == "tool" &&
             world_.message(at)->run.empty()) {
        at = world_.message(at)->parent;
      }
      if (at == parent && world_.head != parent) {
        rule("a run's message goes below results that came meanwhile");
        parent = world_.head;
      }
    }
    if (open->parent) {
      parent = open->parent->get();
      if (!world_.message(parent) || world_.message(parent)->deleted) {
        return refuse("unknown_message");
      }
    }
    Message message;
    message.id = open->message.get();
    message.parent = parent;
    message.role = role_name(open->role);
    message.author = open->author.value_or("");
    message.run = id;
    message.status = "open";
    message.created = at_;
    const bool first = std::ranges::count(world_.messages, id, &Message::run) == 0;
    if (first && !run.continues.empty() &&
        (message.role != "assistant" || parent != run.continues)) {
      return refuse("invalid");
    }
    if (first && !run.continues.empty()) {
      rule("a run's first answer goes on from the one that it continues");
      message.continues = run.continues;
    }
    world_.messages.push_back(std::move(message));
    rule(world_.head == parent ? "a run's message moves the head above it"
                               : "a run's message leaves a head that is elsewhere");
    if (world_.head == parent) world_.head = open->message.get();
    return true;
  }
  if (const auto* end = std::get_if<EndRun>(&step.what)) {
    if (end->status != RunStatus::completed && end->status != RunStatus::failed &&
        end->status != RunStatus::interrupted) {
      return refuse("invalid");
    }
    const bool well = end->status == RunStatus::completed;
    const bool at_limit = end->finish.reason == "length";
    const std::string word = well                               ? "complete"
                             : end->status == RunStatus::failed ? "failed"
                                                                : "interrupted";
    for (Message& message : world_.messages) {
      if (message.run != id || message.deleted || message.status != "open") continue;
      message.status = word;
      const std::size_t parts = message.parts.size();
      if (!well || at_limit) drop_half_call(message);
      if (message.parts.size() < parts) message.taken_back = at_;
      message.finish_reason = end->finish.reason.value_or("");
      message.model = end->finish.model.value_or("");
    }
    if (!well) answer_calls_of(run, "interrupted");
    finish(run, well ? "completed" : word);
    run.by_producer = true;
    run.usage = opaque(end->usage);
    run.finish_reason = end->finish.reason.value_or("");
    if (end->finish.model) run.model = *end->finish.model;
    if (well) await(id);
    over = true;
    if (!world_.queue.empty()) {
      rule(well ? "queue: the next starts after a completed one"
                : "queue: waiting runs end interrupted and keep their input");
    }
    if (well) return true;
    for (const std::string& waiting : std::vector<std::string>(world_.queue)) {
      finish(*world_.run(waiting), "interrupted");
    }
    return true;
  }
  if (const auto* note = std::get_if<NoteRepairs>(&step.what)) {
    run.repairs = repair_words(note->repairs);
    return true;
  }
  if (const auto* note = std::get_if<NoteOpaque>(&step.what)) {
    Message* message = world_.message(note->message.get());
    if (!message || message->deleted || message->run != id) return refuse("unknown_message");
    if (message->status != "open") return refuse("invalid");
    if (note->data.part && *note->data.part >= message->parts.size()) return refuse("invalid");
    rule("opaque data: noted");
    message->opaque[note->data.part ? static_cast<int>(*note->data.part) : -1] =
        note->data.origin + " " + note->data.value.text;
    return true;
  }
  const std::string to = std::visit(
      [](const auto& what) -> std::string {
        if constexpr (requires { what.message; }) return what.message.get();
        return "";
      },
      step.what);
  Message* message = world_.message(to);
  if (!message || message->deleted || message->run != id) return refuse("unknown_message");
  if (message->status != "open") return refuse("invalid");
  if (const auto* part = std::get_if<StartPart>(&step.what)) {
    if (part->part.value_or(static_cast<std::uint32_t>(message->parts.size())) !=
        message->parts.size()) {
      return refuse("invalid");
    }
    const Part begun = parts_of({part->value}).front();
    if (begun.type == "tool_result") {
      if (const std::string code = unfit_of_writer(*message, begun); !code.empty()) {
        return refuse(code.c_str());
      }
    }
    message->parts.push_back(begun);
    const Part& made = message->parts.back();
    if (made.type == "tool_call" && asks(run.agent, made.two)) {
      note(*message, message->parts.size() - 1, "needs_approval", "");
    }
  } else if (const auto* noted = std::get_if<NoteCall>(&step.what)) {
    const std::size_t at = noted->note.part;
    if (at >= message->parts.size() || message->parts[at].type != "tool_call") {
      return refuse("invalid");
    }
    const bool needs = noted->note.status == CallStatus::needs_approval;
    if (!needs && noted->note.status != CallStatus::running) return refuse("invalid");
    const auto former = message->notes.find(at);
    const bool waits = former != message->notes.end() && former->second.status == "needs_approval";
    if (waits && !needs) return refuse("needs_approval");
    rule("a writer notes the state of a call");
    note(*message, at, needs ? "needs_approval" : "running", noted->note.reason);
  } else if (const auto* cut = std::get_if<CutMessage>(&step.what)) {
    if (cut->keep.size() > message->parts.size()) return refuse("invalid");
    rule("a writer cuts its message");
    cut_own(*message, cut->keep);
  } else if (const auto* append = std::get_if<AppendContent>(&step.what)) {
    if (append->part > message->parts.size()) return refuse("invalid");
    if (append->part == message->parts.size()) {
      message->parts.push_back(part_of(TextPart{}));
      message->parts.back().serial = ++serial_;
    }
    if (!grows(message->parts[append->part])) return refuse("invalid");
    message->parts[append->part].text += widen(append->text);
  } else if (const auto* end = std::get_if<EndMessage>(&step.what)) {
    if (end->status == MessageStatus::complete) {
      message->status = "complete";
    } else if (end->status == MessageStatus::failed) {
      message->status = "failed";
    } else {
      return refuse("invalid");
    }
    const bool half = end->status == MessageStatus::failed || end->finish.reason == "length";
    const std::size_t parts = message->parts.size();
    if (half) drop_half_call(*message);
    if (message->parts.size() < parts) message->taken_back = at_;
    message->usage = end->usage ? end->usage->text : message->usage;
    message->finish_reason = end->finish.reason.value_or("");
    message->model = end->finish.model.value_or("");
  }
  return true;
}

void Oracle::crash(std::uint64_t at) {
  world_ = now();
  at_ = at;
  if (Run* run = world_.running()) {
    for (Message& message : world_.messages) {
      if (message.run != run->id || message.deleted || message.status != "open") continue;
      message.status = "interrupted";
      drop_half_call(message);
    }
    answer_calls_of(*run, "interrupted");
    finish(*run, "interrupted");
  }
  for (const std::string& waiting : std::vector<std::string>(world_.queue)) {
    finish(*world_.run(waiting), "interrupted");
  }
  if (world_ != now()) history_[at] = world_;
}

}  // namespace lockstep::oracle
