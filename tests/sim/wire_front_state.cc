// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/wire_front_state.h"

#include <algorithm>
#include <set>
#include <utility>

#include "tests/sim/wire_front_message.h"
#include "tests/sim/wire_front_text.h"

namespace lockstep::sim {

using boost::json::array;
using boost::json::object;
using boost::json::value;

const object* WireList::find(std::string_view id) const {
  const auto place = places_.find(std::string(id));
  return place == places_.end() ? nullptr : &items_[place->second];
}

object* WireList::find(std::string_view id) {
  const auto place = places_.find(std::string(id));
  return place == places_.end() ? nullptr : &items_[place->second];
}

void WireList::put(object item) {
  std::string id(text_field(item, "id"));
  if (object* held = find(id)) {
    *held = std::move(item);
    return;
  }
  places_.emplace(std::move(id), items_.size());
  items_.push_back(std::move(item));
}

bool WireList::erase(std::string_view id) {
  const auto place = places_.find(std::string(id));
  if (place == places_.end()) return false;
  items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(place->second));
  places_.clear();
  for (const object& item : items_) places_.emplace(text_field(item, "id"), places_.size());
  return true;
}

void WireState::apply(std::span<const object> frames) {
  std::set<std::string_view> removed;
  for (const object& frame : frames) {
    for (const value& id : list_field(frame, "removed")) removed.insert(text_of(id));
    if (const value* thread = frame.if_contains("thread")) thread_ = object_of(*thread);
  }
  for (const std::string_view id : removed) messages_.erase(id);
  for (const object& frame : frames) {
    for (const value& from : list_field(frame, "messages")) {
      const object& message = object_of(from);
      fits(!removed.contains(text_field(message, "id")), "a removed message is sent");
      message.contains("grow") ? grow(message) : put_message(message);
    }
    for (const value& run : list_field(frame, "runs")) put_run(object_of(run));
  }
  if (thread_.empty()) fits(messages_.items().empty(), "messages without a thread");
  if (thread_.empty()) return;
  fits(text_field(thread_, "id") == id_, "the diff is of another thread");
  check_tree();
  check_thread();
}

// Checks the parent of a new message here, and deletions after the last one.
void WireState::put_message(const object& message) {
  check_message(message);
  const object* held = messages_.find(text_field(message, "id"));
  if (held != nullptr) {
    check_same(*held, message);
  } else {
    const value& parent = field(message, "parent");
    fits(!whole_ || parent.is_null() || messages_.find(text_of(parent)) != nullptr,
         "a message's parent is not there");
  }
  messages_.put(message);
}

void WireState::put_run(const object& run) {
  for (const std::string_view name : {"agent", "status", "attempt", "queued"}) {
    fits(run.contains(name), "a run without `" + std::string(name) + "`");
  }
  runs_.put(run);
}

void WireState::grow(const object& growth) {
  object* message = messages_.find(text_field(growth, "id"));
  if (message == nullptr && !whole_) return;
  fits(message != nullptr, "a message grew that is not there");
  array& parts = message->at("parts").as_array();
  for (const value& from : list_field(growth, "grow")) {
    const object& each = object_of(from);
    const std::uint64_t part = number_field(each, "part");
    const value* whole = each.if_contains("value");
    fits(part < parts.size() || (whole != nullptr && part == parts.size()),
         "a part grew that is not there");
    if (whole == nullptr) {
      write_part(parts[part], number_field(each, "at"), text_field(each, "text"));
      continue;
    }
    check_part(*whole);
    part == parts.size() ? parts.push_back(*whole) : static_cast<void>(parts[part] = *whole);
  }
  const std::uint64_t count = number_field(growth, "parts");
  fits(count <= parts.size(), "a message grew to more parts than came");
  parts.resize(count);  // before another member comes or goes, which moves the parts
  message->erase("calls");
  if (const value* calls = growth.if_contains("calls")) (*message)["calls"] = *calls;
  (*message)["status"] = field(growth, "status");
  (*message)["updated"] = field(growth, "updated");
  for (const std::string_view name : {"usage", "finish_reason", "model"}) {
    if (const value* added = growth.if_contains(name)) (*message)[name] = *added;
  }
  check_notes(*message);
}

std::size_t WireState::running() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      runs_.items(), [](const object& run) { return text_field(run, "status") == "running"; }));
}

void WireState::check_tree() const {
  if (!whole_) return;
  std::uint64_t last = 0;
  for (const object& message : messages_.items()) {
    const value& parent = field(message, "parent");
    fits(parent.is_null() || messages_.find(text_of(parent)) != nullptr,
         "a message's parent is not there");
    fits(number_field(message, "created") >= last, "messages are not in order of creation");
    last = number_field(message, "created");
  }
}

void WireState::check_thread() const {
  const value& head = field(thread_, "head");
  fits(!whole_ || head.is_null() || messages_.find(text_of(head)) != nullptr,
       "the head is not there");
  fits(running() <= 1, "more than one run runs");
  fits(field(thread_, "running") == value(running() != 0), "`running` of the thread is untrue");
}

// The last of the path, the head first.
std::vector<const object*> WireState::path(std::size_t messages) const {
  std::vector<const object*> path;
  for (const value* id = &field(thread_, "head"); !id->is_null() && path.size() < messages;) {
    path.push_back(messages_.find(text_of(*id)));
    fits(path.back() != nullptr, "the path to the head has a gap");
    id = &field(*path.back(), "parent");
  }
  return path;
}

std::string WireState::digest() const {
  if (thread_.empty() || field(thread_, "head").is_null()) return {};
  return digest_of_last(messages_.items().size(), std::nullopt);
}

std::string WireState::digest_of_last(std::size_t messages,
                                      std::optional<std::string_view> edge) const {
  const std::vector<const object*> last = path(messages);
  const bool older = !last.empty() && !field(*last.back(), "parent").is_null();
  fits(older == edge.has_value(), "a window's edge is elsewhere");
  std::string sum = edge ? unhex(*edge) : std::string(32, '\0');
  for (auto message = last.rbegin(); message != last.rend(); ++message) {
    sum = message_digest(sum, **message);
  }
  return hex(sum);
}

std::string WireState::json() const {
  return canonical_state({{"thread", thread_},
                          {"messages", array(messages_.items().begin(), messages_.items().end())},
                          {"runs", array(runs_.items().begin(), runs_.items().end())}});
}

std::string canonical_state(const object& reading) {
  array runs = list_field(reading, "runs");
  for (value& run : runs) {
    const value* input = run.as_object().if_contains("input");
    if (input != nullptr && input->is_array() && input->get_array().empty()) {
      run.as_object().erase("input");
    }
  }
  return canonical(object{{"thread", field(reading, "thread")},
                          {"messages", field(reading, "messages")},
                          {"runs", std::move(runs)}});
}

}  // namespace lockstep::sim
