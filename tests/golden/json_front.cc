// SPDX-License-Identifier: Apache-2.0
#include "tests/golden/json_front.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace lockstep::test {
namespace {

namespace json = boost::json;

json::object* find(json::array& rows, const json::value& id) {
  for (json::value& row : rows) {
    if (row.at("id") == id) return &row.as_object();
  }
  return nullptr;
}

json::object& need(json::array& rows, const json::value& id) {
  json::object* row = find(rows, id);
  if (!row) throw std::runtime_error("not held: " + json::serialize(id));
  return *row;
}

// The first `units` UTF-16 code units of a UTF-8 text.
std::string first_units(const std::string& text, std::int64_t units) {
  std::size_t byte = 0;
  while (byte < text.size() && units > 0) {
    const auto lead = static_cast<unsigned char>(text[byte]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    units -= length == 4 ? 2 : 1;
    byte += length;
  }
  return text.substr(0, byte);
}

json::value& growing(json::object& part) {
  return part.at("type") == "tool_call" ? part.at("arguments") : part.at("text");
}

void set_text(json::object& part, std::int64_t at, const std::string& more) {
  json::value& text = growing(part);
  text = first_units(std::string(text.as_string()), at) + more;
}

std::string text_of(const json::object& from) { return std::string(from.at("text").as_string()); }

void copy_if_there(json::object& to, const json::object& from, const char* name) {
  if (const json::value* value = from.if_contains(name)) to[name] = *value;
}

void drop_if_empty(json::object& from, const char* name) {
  const json::value* list = from.if_contains(name);
  if (list && list->as_array().empty()) from.erase(name);
}

class Folder {
 public:
  Folder(json::object& state, std::int64_t at) : state_(state), at_(at) {}

  void event(const json::object& event) {
    const std::string type(event.at("type").as_string());
    if (type == "repairs_noted" || type == "attempt_started" || type == "resume_noted") {
      return note_of_run(type, event);
    }
    if (type.starts_with("run_")) return run_event(type, event);
    if (type == "thread_updated" || type == "head_moved") return thread_event(event);
    if (type == "message_put" || type == "message_created") return new_message(type, event);
    if (type == "message_deleted") return remove(event.at("message"));
    json::object& message = need(messages(), event.at("message"));
    message["updated"] = at_;
    if (type == "call_noted") {
      note_call(event, message);
    } else if (type == "message_ended") {
      message["status"] = event.at("status");
      for (const char* field : {"usage", "finish_reason", "model"}) {
        copy_if_there(message, event, field);
      }
    } else {
      content(type, event, message);
    }
  }

 private:
  json::array& messages() { return state_.at("messages").as_array(); }
  json::object& thread() { return state_.at("thread").as_object(); }

  void thread_event(const json::object& event) {
    for (const char* field : {"title", "archived", "metadata", "head", "approved_tools"}) {
      copy_if_there(thread(), event, field);
    }
    drop_if_empty(thread(), "approved_tools");
    thread()["updated"] = at_;
  }

  void new_message(const std::string& type, const json::object& event) {
    json::object message = event.at("message").as_object();
    if (type == "message_created") {
      message["status"] = "open";
      message["parts"] = json::array();
      message["created"] = at_;
    }
    message["updated"] = at_;
    if (json::object* known = find(messages(), message.at("id"))) {
      *known = std::move(message);
    } else {
      messages().emplace_back(std::move(message));
    }
  }

  void remove(const json::value& id) {
    json::array& rows = messages();
    rows.erase(std::ranges::find_if(rows, [&](const auto& row) { return row.at("id") == id; }));
  }

  static void content(const std::string& type, const json::object& event, json::object& message) {
    json::array& parts = message.at("parts").as_array();
    if (type == "part_started") {
      parts.emplace_back(event.at("value"));
    } else if (type == "content_appended") {
      const auto part = static_cast<std::size_t>(event.at("part").as_int64());
      if (part == parts.size()) parts.emplace_back(json::object{{"type", "text"}, {"text", ""}});
      set_text(parts.at(part).as_object(), event.at("at").as_int64(), text_of(event));
    } else if (type == "message_cut") {
      const json::array& keep = event.at("keep").as_array();
      const json::array former = parts;
      parts.resize(keep.size());
      for (std::size_t part = 0; part < keep.size(); ++part) {
        json::object& row = parts[part].as_object();
        const auto kind = row.at("type").as_string();
        if (kind != "text" && kind != "reasoning" && kind != "tool_call") continue;
        set_text(row, keep[part].as_int64(), "");
      }
      keep_notes(message, [&](std::size_t part) {
        return part < parts.size() && parts[part] == former[part];
      });
      message["status"] = event.at("status");
    } else {
      throw std::runtime_error("unknown event " + type);
    }
  }

  // Keeps what is noted of the calls in these parts.
  template <class Is>
  static void keep_notes(json::object& message, Is is_kept) {
    if (!message.contains("calls")) return;
    json::array kept;
    for (const json::value& note : message.at("calls").as_array()) {
      if (is_kept(static_cast<std::size_t>(note.at("part").as_int64()))) kept.push_back(note);
    }
    message["calls"] = std::move(kept);
    drop_if_empty(message, "calls");
  }

  static void note_call(const json::object& event, json::object& message) {
    const std::int64_t part = event.at("part").as_int64();
    json::object note{{"part", part}, {"status", event.at("status")}};
    copy_if_there(note, event, "reason");
    json::array notes;
    if (message.contains("calls")) notes = message.at("calls").as_array();
    auto* place = std::ranges::find_if(
        notes, [&](const json::value& each) { return each.at("part").as_int64() >= part; });
    if (place != notes.end() && place->at("part") == part) {
      *place = std::move(note);
    } else {
      notes.insert(place, std::move(note));
    }
    message["calls"] = std::move(notes);
  }

  void note_of_run(const std::string& type, const json::object& event) {
    json::object& run = need(state_.at("runs").as_array(), event.at("run"));
    if (type == "attempt_started") {
      run.erase("model");
      run.erase("repairs");
      for (const char* field : {"attempt", "agent", "model", "settings"}) {
        copy_if_there(run, event, field);
      }
    } else if (type == "resume_noted") {
      run["resume"] = event.at("resume");
    } else {
      run["repairs"] = event.at("repairs");
      drop_if_empty(run, "repairs");
    }
  }

  void run_event(const std::string& type, const json::object& event) {
    json::array& runs = state_.at("runs").as_array();
    thread()["updated"] = at_;
    if (type == "run_queued") {
      json::object run{{"id", event.at("run")}, {"status", "queued"}, {"attempt", 1}};
      for (const char* field : {"agent", "input", "after", "parent", "params", "continues"}) {
        copy_if_there(run, event, field);
      }
      if (event.contains("resume")) run["resume"] = json::object{{"status", "asked"}};
      run["queued"] = at_;
      runs.emplace_back(std::move(run));
      return;
    }
    json::object& run = need(runs, event.at("run"));
    if (type == "run_started") {
      for (const char* field : {"attempt", "head", "model", "settings"}) {
        copy_if_there(run, event, field);
      }
      run.erase("input");
      run["status"] = "running";
      run["context_ts"] = at_;
      run["started"] = at_;
      thread()["running"] = true;
      return;
    }
    if (run.at("status") == "queued" && event.at("status") == "stopped") run.erase("input");
    if (run.at("status") == "running") thread()["running"] = false;
    run["status"] = event.at("status");
    run["ended"] = at_;
    for (const char* field : {"error", "usage", "finish_reason", "model"}) {
      copy_if_there(run, event, field);
    }
  }

  json::object& state_;
  std::int64_t at_;
};

void grow(json::object& message, const json::object& growth) {
  for (const char* field : {"status", "updated", "usage", "finish_reason", "model"})
    copy_if_there(message, growth, field);
  message.erase("calls");
  copy_if_there(message, growth, "calls");
  json::array& parts = message.at("parts").as_array();
  const auto count = static_cast<std::size_t>(growth.at("parts").as_int64());
  if (parts.size() > count) parts.resize(count);
  for (const json::value& each : growth.at("grow").as_array()) {
    const json::object& grown = each.as_object();
    const auto part = static_cast<std::size_t>(grown.at("part").as_int64());
    if (const json::value* value = grown.if_contains("value")) {
      if (part == parts.size()) parts.emplace_back(nullptr);
      parts.at(part) = *value;
    } else {
      set_text(parts.at(part).as_object(), grown.at("at").as_int64(), text_of(grown));
    }
  }
}

}  // namespace

json::object fold(json::object state, const json::object& entry) {
  if (state.at("ts") != entry.at("prev")) throw std::runtime_error("an entry is missing");
  Folder folder(state, entry.at("ts").as_int64());
  // A thread's first entry is when it was made.
  if (entry.at("prev") == 0) {
    state.at("thread").as_object()["created"] = entry.at("ts");
    state.at("thread").as_object()["updated"] = entry.at("ts");
  }
  for (const json::value& event : entry.at("events").as_array()) folder.event(event.as_object());
  state["ts"] = entry.at("ts");
  return state;
}

json::object apply(json::object state, const json::object& diff) {
  if (diff.at("from").as_int64() > state.at("ts").as_int64()) throw std::runtime_error("a gap");
  copy_if_there(state, diff, "thread");
  json::array& messages = state.at("messages").as_array();
  for (const json::value& each : diff.at("messages").as_array()) {
    const json::object& changed = each.as_object();
    if (changed.contains("grow")) {
      grow(need(messages, changed.at("id")), changed);
    } else if (json::object* known = find(messages, changed.at("id"))) {
      *known = changed;
    } else {
      messages.emplace_back(changed);
    }
  }
  for (const json::value& id : diff.at("removed").as_array()) {
    const auto gone =
        std::ranges::find_if(messages, [&](const auto& row) { return row.at("id") == id; });
    if (gone != messages.end()) messages.erase(gone);
  }
  json::array& runs = state.at("runs").as_array();
  for (const json::value& run : diff.at("runs").as_array()) {
    if (json::object* known = find(runs, run.at("id"))) {
      *known = run.as_object();
    } else {
      runs.emplace_back(run);
    }
  }
  const std::string cursor(diff.at("cursor").as_string());
  state["ts"] = std::stoll(cursor.substr(0, cursor.find('@')));
  return state;
}

}  // namespace lockstep::test
