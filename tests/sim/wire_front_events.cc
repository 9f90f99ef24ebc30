// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <utility>

#include "tests/sim/wire_front_message.h"
#include "tests/sim/wire_front_state.h"
#include "tests/sim/wire_front_text.h"

namespace lockstep::sim {

using boost::json::array;
using boost::json::object;
using boost::json::value;

namespace {

void copy_if_there(object& to, const object& from, std::string_view name) {
  if (const value* there = from.if_contains(name)) to[name] = *there;
}

void drop_if_empty(object& from, std::string_view name) {
  const value* list = from.if_contains(name);
  if (list != nullptr && list->as_array().empty()) from.erase(name);
}

// Keeps what is noted of the calls in these parts.
template <class Is>
void keep_notes(object& message, Is is_kept) {
  const value* held = message.if_contains("calls");
  if (held == nullptr) return;
  array kept;
  for (const value& note : held->as_array()) {
    if (is_kept(number_field(object_of(note), "part"))) kept.push_back(note);
  }
  message["calls"] = std::move(kept);
  drop_if_empty(message, "calls");
}

}  // namespace

void WireState::fold(const object& entry) {
  const array& events = list_field(entry, "events");
  if (events.empty()) return;
  const value& ts = field(entry, "ts");
  if (thread_.empty()) begin(ts);
  bool deletes = false;
  for (const value& event : events) {
    fold_event(object_of(event), ts);
    deletes = deletes || text_field(object_of(event), "type") == "message_deleted";
  }
  if (deletes) check_tree();
  check_thread();
}

void WireState::fold_event(Event event, Ts ts) {
  using Fold = void (WireState::*)(Event, Ts);
  static constexpr std::array<std::pair<std::string_view, Fold>, 16> folds{{
      {"thread_updated", &WireState::thread_updated},
      {"message_put", &WireState::message_put},
      {"message_created", &WireState::message_created},
      {"part_started", &WireState::part_started},
      {"content_appended", &WireState::content_appended},
      {"message_ended", &WireState::message_ended},
      {"message_cut", &WireState::message_cut},
      {"message_deleted", &WireState::message_deleted},
      {"head_moved", &WireState::head_moved},
      {"run_queued", &WireState::run_queued},
      {"run_started", &WireState::run_started},
      {"run_ended", &WireState::run_ended},
      {"repairs_noted", &WireState::repairs_noted},
      {"attempt_started", &WireState::attempt_started},
      {"call_noted", &WireState::call_noted},
      {"resume_noted", &WireState::resume_noted},
  }};
  if (!whole_ && passes_over(event)) return;
  const std::string_view type = text_field(event, "type");
  const auto* found = std::ranges::find(folds, type, &std::pair<std::string_view, Fold>::first);
  fits(found != folds.end(), "an event of type " + std::string(type));
  (this->*found->second)(event, ts);
}

// Does it name a message or run that is neither in the copy nor new?
bool WireState::passes_over(Event event) const {
  const std::string_view type = text_field(event, "type");
  if (type == "message_put") {
    const object& message = object_of(field(event, "message"));
    const bool known = messages_.find(text_field(message, "id")) != nullptr;
    return !known && field(message, "created") != field(message, "updated");
  }
  const value* message = event.if_contains("message");
  return message != nullptr && message->is_string() && messages_.find(text_of(*message)) == nullptr;
}

void WireState::begin(Ts ts) {
  thread_ = {{"id", id_},       {"title", ""},   {"archived", false}, {"metadata", object()},
             {"head", nullptr}, {"created", ts}, {"updated", ts},     {"running", false}};
}

void WireState::thread_updated(Event event, Ts ts) {
  for (const std::string_view name : {"title", "archived", "metadata", "approved_tools"}) {
    copy_if_there(thread_, event, name);
  }
  drop_if_empty(thread_, "approved_tools");
  thread_["updated"] = ts;
}

void WireState::message_put(Event event, Ts ts) {
  const object& message = object_of(field(event, "message"));
  fits(field(message, "updated") == ts, "a put message was not updated by its entry");
  const bool known = messages_.find(text_field(message, "id")) != nullptr;
  fits(known || field(message, "created") == ts, "a new message was not created by its entry");
  put_message(message);
}

void WireState::message_created(Event event, Ts ts) {
  object message = object_of(field(event, "message"));
  fits(messages_.find(text_field(message, "id")) == nullptr, "a known message was created");
  const object* run = runs_.find(text_field(message, "run"));
  fits(run != nullptr && text_field(*run, "status") == "running",
       "a message was created by a run that does not run");
  message["parts"] = array();
  message["status"] = "open";
  message["created"] = ts;
  message["updated"] = ts;
  put_message(message);
}

void WireState::part_started(Event event, Ts ts) {
  object& message = message_of(event);
  array& parts = message.at("parts").as_array();
  const value& part = field(event, "value");
  check_part(part);
  fits(number_field(event, "part") == parts.size(), "a part started that is not the next");
  fits(text_field(message, "status") == "open" ||
           text_field(object_of(part), "type") == "tool_result",
       "a part started in a message that had ended");
  parts.push_back(part);
  message["updated"] = ts;
}

void WireState::content_appended(Event event, Ts ts) {
  object& message = message_of(event);
  array& parts = message.at("parts").as_array();
  const std::uint64_t part = number_field(event, "part");
  fits(text_field(message, "status") == "open", "a message grew that had ended");
  fits(part <= parts.size(), "a part grew that is not there");
  if (part == parts.size()) parts.push_back({{"type", "text"}, {"text", ""}});
  write_part(parts[part], number_field(event, "at"), text_field(event, "text"));
  message["updated"] = ts;
}

void WireState::message_ended(Event event, Ts ts) {
  object& message = message_of(event);
  fits(text_field(message, "status") == "open", "a message ended that was not open");
  fits(text_field(event, "status") != "open", "a message ended and is open");
  message["status"] = field(event, "status");
  for (const std::string_view name : {"usage", "finish_reason", "model"}) {
    copy_if_there(message, event, name);
  }
  message["updated"] = ts;
}

void WireState::message_cut(Event event, Ts ts) {
  object& message = message_of(event);
  array& parts = message.at("parts").as_array();
  const array& keep = list_field(event, "keep");
  fits(keep.size() <= parts.size(), "a cut keeps more parts than there are");
  const array former = parts;
  parts.resize(keep.size());
  for (std::size_t part = 0; part < keep.size(); ++part) {
    if (!may_grow(parts[part].as_object())) continue;  // stays whole
    write_part(parts[part], keep[part].to_number<std::uint64_t>(), "");
  }
  keep_notes(message, [&](std::uint64_t part) {
    return part < parts.size() && parts[part] == former[part];
  });
  message["status"] = field(event, "status");
  message["updated"] = ts;
}

void WireState::message_deleted(Event event, Ts) {
  fits(messages_.erase(text_field(event, "message")), "a message was deleted that is not there");
}

void WireState::head_moved(Event event, Ts ts) {
  thread_["head"] = field(event, "head");
  thread_["updated"] = ts;
}

void WireState::run_queued(Event event, Ts ts) {
  fits(runs_.find(text_field(event, "run")) == nullptr, "a known run was queued");
  object run{{"id", field(event, "run")},
             {"agent", field(event, "agent")},
             {"status", "queued"},
             {"attempt", 1},
             {"input", list_field(event, "input")},
             {"queued", ts}};
  for (const std::string_view name : {"after", "parent", "params", "continues"}) {
    copy_if_there(run, event, name);
  }
  if (event.contains("resume")) {
    fits(text_field(event, "resume") == "when_answered", "a run is to be resumed at some time");
    run["resume"] = {{"status", "asked"}};
  }
  runs_.put(std::move(run));
  thread_["updated"] = ts;
}

void WireState::run_started(Event event, Ts ts) {
  object& run = run_of(event);
  fits(text_field(run, "status") == "queued", "a run started that was not queued");
  fits(running() == 0, "a run started while another runs");
  fits(!whole_ || messages_.find(text_field(event, "head")) != nullptr,
       "a run's head is not there");
  run["status"] = "running";
  for (const std::string_view name : {"attempt", "head", "settings"})
    run[name] = field(event, name);
  copy_if_there(run, event, "model");
  run["context_ts"] = ts;
  run["started"] = ts;
  run.erase("input");
  thread_["running"] = true;
  thread_["updated"] = ts;
}

void WireState::run_ended(Event event, Ts ts) {
  object& run = run_of(event);
  const std::string_view status = text_field(run, "status");
  fits(status == "queued" || status == "running", "a run ended that had ended");
  for (const object& message : messages_.items()) {
    const value* of = message.if_contains("run");
    fits(of == nullptr || *of != field(event, "run") || text_field(message, "status") != "open",
         "a run ended before its open messages");
  }
  run["status"] = field(event, "status");
  run["ended"] = ts;
  for (const std::string_view name : {"error", "usage", "finish_reason", "model"}) {
    copy_if_there(run, event, name);
  }
  if (text_field(event, "status") == "stopped") run.erase("input");
  thread_["running"] = running() != 0;
  thread_["updated"] = ts;
}

void WireState::repairs_noted(Event event, Ts) {
  object& run = run_of(event);
  fits(text_field(run, "status") == "running", "a run noted repairs that does not run");
  const array& repairs = list_field(event, "repairs");
  for (const value& each : repairs) {
    const object& repair = object_of(each);
    fits(!text_field(repair, "kind").empty() && number_field(repair, "count") > 0,
         "a repair has no kind or count");
    static_cast<void>(list_field(repair, "ids"));
  }
  run["repairs"] = repairs;
  if (repairs.empty()) run.erase("repairs");
}

void WireState::attempt_started(Event event, Ts) {
  object& run = run_of(event);
  fits(text_field(run, "status") == "running", "an attempt of a run that does not run");
  fits(number_field(event, "attempt") == number_field(run, "attempt") + 1,
       "an attempt that is not the next");
  fits(!event.contains("claim"), "a claim is shown");
  for (const std::string_view name : {"attempt", "agent", "settings"})
    run[name] = field(event, name);
  run.erase("model");
  copy_if_there(run, event, "model");
  run.erase("repairs");
}

void WireState::call_noted(Event event, Ts ts) {
  object& message = message_of(event);
  const std::uint64_t part = number_field(event, "part");
  object note{{"part", field(event, "part")}, {"status", field(event, "status")}};
  copy_if_there(note, event, "reason");
  array notes;
  if (const value* held = message.if_contains("calls")) notes = held->as_array();
  auto* place = std::ranges::find_if(
      notes, [part](const value& each) { return number_field(object_of(each), "part") >= part; });
  if (place != notes.end() && number_field(object_of(*place), "part") == part) {
    *place = std::move(note);
  } else {
    notes.insert(place, std::move(note));
  }
  message["calls"] = std::move(notes);
  check_notes(message);
  message["updated"] = ts;
}

void WireState::resume_noted(Event event, Ts) {
  object& run = run_of(event);
  const value* held = run.if_contains("resume");
  fits(held != nullptr, "a run waits for answers that did not ask for it");
  const std::string_view before = text_field(object_of(*held), "status");
  const object& resume = object_of(field(event, "resume"));
  const std::string_view after = text_field(resume, "status");
  fits(
      before == "asked" ? after == "waiting" : before == "waiting" && after != "waiting",
      "a run's waiting for answers goes from " + std::string(before) + " to " + std::string(after));
  fits(after != "resumed" || runs_.find(text_field(resume, "next")) != nullptr,
       "the run that goes on is not there");
  run["resume"] = resume;
}

object& WireState::message_of(Event event) {
  object* message = messages_.find(text_field(event, "message"));
  fits(message != nullptr, "an event names a message that is not there");
  return *message;
}

object& WireState::run_of(Event event) {
  object* run = runs_.find(text_field(event, "run"));
  fits(run != nullptr, "an event names a run that is not there");
  return *run;
}

}  // namespace lockstep::sim
