// SPDX-License-Identifier: Apache-2.0
// wire_front.h: a device that knows only the wire.
//
// JSON text goes out and JSON text comes in; it uses no code of the engine, and every rule is
// written from docs/protocol.md. It is the second opinion next to a front that is made of the
// engine's own values: if the two hold different threads, then one of them, the engine or the page
// is wrong.
//
// The device has one thread. Its changes are numbered, wait in a queue until they are answered (by
// an outcome, or by an ack in an entry), and are sent again word by word when a connection was
// lost. Each request has a number, its stream; each frame comes with the number of the request that
// it answers, so that several streams may be open at once.
//
//   change() -> queue -> request() ~~> diff with outcomes -> take_outcomes()
//                          ^ connection_lost(), reset: they wait again
//
// It is deterministic: it has no clock, no chance, and no input or output of its own.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/wire_front_state.h"

namespace lockstep::sim {

enum class Follow { none, run, live };

class WireFront {
 public:
  struct Ask {
    Follow follow = Follow::none;
    bool digest = false;  // send the digest of the copy
    std::optional<std::string> if_head = std::nullopt;
  };
  struct Taken {
    std::string wrong = {};   // a breach of the protocol; the front must not be used any more
    bool sync_anew = false;   // a gap, or a history that the server does not have
    bool ended = false;       // the stream is over
    std::string reason = {};  // of the end: `done`, `deleted`, a failure's code …
  };

  // `window`: it asks for so many messages of the head's path.
  WireFront(std::string thread, std::string device,
            std::optional<std::uint32_t> window = std::nullopt);

  // Its copy of the thread.
  [[nodiscard]] const WireState& state() const { return state_; }
  [[nodiscard]] const boost::json::object& thread() const { return state_.thread(); }
  [[nodiscard]] const std::vector<boost::json::object>& messages() const;
  [[nodiscard]] const std::vector<boost::json::object>& runs() const;
  // Also the value for `Last-Event-ID`. Empty after `unknown_history`, until the next diff.
  [[nodiscard]] const std::optional<std::string>& cursor() const { return cursor_; }
  [[nodiscard]] std::string digest() const { return state_.digest(); }
  [[nodiscard]] std::string state_json() const { return state_.json(); }

  // Queues a change of the user's and returns its op. It counts as made at the cursor, unless it
  // brings `seen` itself.
  std::uint64_t change(boost::json::object change);
  [[nodiscard]] std::size_t unanswered() const { return queue_.size(); }
  // The server lost a history (a rewound reset, or `unknown_history`): queues a put of each lost
  // message, with `if_absent`. Returns their number.
  std::size_t offer();

  // The body of the next sync. It carries the unanswered changes, if none are in flight.
  std::string request(const Ask& ask);
  [[nodiscard]] std::uint64_t stream() const { return stream_; }  // of the last request
  [[nodiscard]] bool may_send_changes() const { return !in_flight_.has_value(); }

  // One frame of a stream; without `stream`, of the last request's.
  Taken take(std::string_view frame);
  Taken take(std::string_view frame, std::uint64_t stream);
  // A problem document instead of a stream: the server did nothing.
  Taken refused(std::string_view problem);
  Taken refused(std::string_view problem, std::uint64_t stream);
  // This stream is over, or all are: the unanswered changes wait for the next request.
  void connection_lost(std::uint64_t stream);
  void connection_lost();

  // The outcomes that have come since, one for each change that left the queue.
  [[nodiscard]] std::vector<boost::json::object> take_outcomes();

 private:
  using Object = boost::json::object;
  struct Waiting {
    std::uint64_t op;
    Object change;
  };
  struct InFlight {
    std::uint64_t stream;
    std::vector<std::uint64_t> ops;
  };

  Taken take_frame(const Object& frame, std::uint64_t stream);
  Taken take_diff(const Object& frame, std::uint64_t stream);
  Taken take_entry(const Object& entry);
  Taken take_live(const Object& frame);
  Taken take_end(const Object& frame, std::uint64_t stream);
  Taken fail(const Object& problem, std::uint64_t stream);
  bool take_state(const std::vector<Object>& frames, const Object* reset);
  void check_sum(const Object& last, std::uint64_t from) const;
  void replace(const std::vector<Object>& frames);
  void take_acks(const Object& entry);
  void answer(std::uint64_t op, const Object& outcome);
  void check_answered_alike(std::uint64_t op, const Object& outcome) const;
  void settle(std::uint64_t stream, bool is_reset);
  void hold(std::string_view cursor);
  void lose(std::uint64_t kept_until);

  std::string thread_id_;
  std::string device_;
  std::optional<std::uint32_t> window_;
  WireState state_;

  std::uint64_t ts_ = 0;  // of the last entry in its copy
  std::optional<std::string> cursor_;
  bool history_is_known_ = true;  // not after `unknown_history`
  std::vector<Object> lost_;      // messages that may be offered

  std::uint64_t last_op_ = 0;
  std::uint64_t last_op_sent_ = 0;
  std::deque<Waiting> queue_;
  std::optional<InFlight> in_flight_;
  std::map<std::uint64_t, Object> answered_;  // the last ones: an answer is given again alike
  std::vector<Object> outcomes_;

  std::uint64_t stream_ = 0;
  std::map<std::uint64_t, std::vector<Object>> gathered_;  // the frames of unfinished diffs
};

}  // namespace lockstep::sim
