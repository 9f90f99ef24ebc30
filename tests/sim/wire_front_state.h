// SPDX-License-Identifier: Apache-2.0
// wire_front_state.h: a thread as a device holds it, made from frames alone.
//
// Two ways change it: an entry's events are folded, and a diff's frames are applied together. A
// violation of the protocol throws a Misfit and leaves the state half changed: such a front must
// not be used again. Messages and runs keep the place in which they first came; that is the order
// of lists on the wire, since a thread only grows at its end.
//
// Besides following the thread, it checks what the page promises of every thread: parents and head
// exist, constant fields don't change, one run runs at a time, nothing grows after its end.
#pragma once

#include <boost/json.hpp>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace lockstep::sim {

// Objects by their `id`, in the order in which they came.
class WireList {
 public:
  [[nodiscard]] const std::vector<boost::json::object>& items() const { return items_; }
  [[nodiscard]] const boost::json::object* find(std::string_view id) const;
  [[nodiscard]] boost::json::object* find(std::string_view id);
  void put(boost::json::object item);  // in its place if it is known, else at the end
  bool erase(std::string_view id);

 private:
  std::vector<boost::json::object> items_;
  std::unordered_map<std::string, std::size_t> places_;
};

class WireState {
 public:
  // With a window it holds a part of the thread, and skips events about other messages.
  WireState(std::string thread, bool whole) : id_(std::move(thread)), whole_(whole) {}

  [[nodiscard]] const boost::json::object& thread() const { return thread_; }  // empty: none
  [[nodiscard]] const WireList& messages() const { return messages_; }
  [[nodiscard]] const WireList& runs() const { return runs_; }

  // Requires: the entry is the next after the copy; the frames are all of one diff.
  void fold(const boost::json::object& entry);
  void apply(std::span<const boost::json::object> frames);

  // Of the head's path, in hex; empty without a head. Throws if the copy lacks a part of the path.
  [[nodiscard]] std::string digest() const;
  // Of the path's last messages, which a window holds: `edge` is the digest of the message above
  // them. Without `edge` the window is the whole path.
  [[nodiscard]] std::string digest_of_last(std::size_t messages,
                                           std::optional<std::string_view> edge) const;
  [[nodiscard]] std::string json() const;

 private:
  using Event = const boost::json::object&;
  using Ts = const boost::json::value&;

  // One function an event.
  void thread_updated(Event event, Ts ts);
  void message_put(Event event, Ts ts);
  void message_created(Event event, Ts ts);
  void part_started(Event event, Ts ts);
  void content_appended(Event event, Ts ts);
  void message_ended(Event event, Ts ts);
  void message_cut(Event event, Ts ts);
  void message_deleted(Event event, Ts ts);
  void head_moved(Event event, Ts ts);
  void run_queued(Event event, Ts ts);
  void run_started(Event event, Ts ts);
  void run_ended(Event event, Ts ts);
  void repairs_noted(Event event, Ts ts);
  void attempt_started(Event event, Ts ts);
  void call_noted(Event event, Ts ts);
  void resume_noted(Event event, Ts ts);

  void fold_event(Event event, Ts ts);
  void begin(Ts ts);
  void put_message(const boost::json::object& message);
  void put_run(const boost::json::object& run);
  void grow(const boost::json::object& growth);
  [[nodiscard]] bool passes_over(Event event) const;
  [[nodiscard]] std::vector<const boost::json::object*> path(std::size_t messages) const;
  [[nodiscard]] boost::json::object& message_of(Event event);
  [[nodiscard]] boost::json::object& run_of(Event event);
  [[nodiscard]] std::size_t running() const;
  void check_tree() const;
  void check_thread() const;

  std::string id_;
  bool whole_;
  boost::json::object thread_;
  WireList messages_;
  WireList runs_;
};

// The same text for the same thread, from a front's objects or from the answer of a read, of which
// it takes `thread`, `messages` and `runs`. An empty `input` of a run counts as missing.
[[nodiscard]] std::string canonical_state(const boost::json::object& reading);

}  // namespace lockstep::sim
