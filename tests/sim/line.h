// SPDX-License-Identifier: Apache-2.0
// line.h: one exchange between a device and the server, over a network that loses things.
//
//   device ─ request ─> (lost? late? twice?) ─> engine.sync ─> ThreadFollower ─ frames ─>
//   (cut?) ─> device
//
// A line carries one sync request and its stream, in order, like a connection; two lines overtake
// each other freely. It breaks at any moment, also between two frames of a diff, and its two ends
// learn of that at different times or only by a timeout. The server's own follower writes the
// stream, over SSE or lines of JSON. The line compares every frame with the truth, and closes if
// the device does not read.
//
// Lives on: the simulation's one thread.
#pragma once

#include <deque>
#include <memory>
#include <set>
#include <vector>

#include "server/front/follower.h"
#include "tests/sim/frames.h"
#include "tests/sim/process.h"

namespace lockstep::sim {

enum class Until { reply, runs_end, ever };  // what `follow` asks for

// The device's end.
class LineEnd {
 public:
  virtual ~LineEnd() = default;
  virtual void receive(std::uint64_t line, const Frame& frame) = 0;
  // No more frames will come.
  virtual void lost(std::uint64_t line) = 0;
};

class Line;

class Network {
 public:
  struct Weather {
    std::uint64_t loses_one_in = 0;    // of requests and frames; 0: none
    std::uint64_t repeats_one_in = 0;  // of requests
    std::uint64_t usual_micros = 30'000;
  };

  Network(Loop& loop, Process& process, Judge& judge, std::uint64_t seed);
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  // The line's number. The end must stay until it has hung up or lost the line.
  std::uint64_t ask(LineEnd& end, SyncRequest request, Until until);
  // Follows the entries after the request's cursor, without a diff.
  std::uint64_t follow_entries(LineEnd& end, SyncRequest request);
  void hang_up(std::uint64_t line);
  // While an end does not read, its frames wait.
  void read(LineEnd& end, bool reads);
  // All lines of an end break, or all there are.
  void cut(LineEnd& end);
  void server_stops();
  void server_died();

  // A message on its way: calls `arrive` later, or never.
  void carry(const char* what, Loop::Task arrive);

  Weather weather;
  Loop& loop;
  Process& process;
  Judge& judge;
  Chance chance;

 private:
  friend class Line;
  void remove(std::uint64_t line);
  void give_up_later(const std::shared_ptr<Line>& line);
  // The hub wakes followers in no fixed order; they continue in the order of their numbers.
  void woken(std::uint64_t line);

  std::uint64_t numbers_ = 0;
  std::map<std::uint64_t, std::shared_ptr<Line>> lines_;
  std::map<std::uint64_t, std::shared_ptr<Line>> hung_up_;  // the server has not heard of it
  std::set<std::uint64_t> woken_;
};

class Line : private StreamOwner, public std::enable_shared_from_this<Line> {
 public:
  Line(Network& network, std::uint64_t number, LineEnd* end, SyncRequest request, Until until);
  ~Line() override;
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  // The request is at the server.
  void serve();
  void serve_entries();
  // The connection ended. Tells the device, if the device still exists.
  void break_off();
  void leave();

 private:
  friend class Network;
  void woken(Stream& stream) override;
  void replied(Asked& asked, Result<SyncReply> reply);
  void follow_entries();
  void follow(FollowPlan plan);
  void pump_soon();
  void pump();
  // Checks a frame of the follower, and sends it. False: the line broke.
  bool say(Said said);
  bool say_diff(Said said);
  bool say_entry(Said said);
  bool say_rest(Said said, std::string_view kind);
  bool found(std::string wrong);
  void deliver(Frame frame);
  void arrive(Frame frame);

  Network& network_;
  std::uint64_t number_;
  LineEnd* end_;  // null: the device does not wait for the answer
  SyncRequest request_;
  Until until_;
  Form form_;
  std::unique_ptr<ThreadFollower> follower_;
  std::optional<SyncReply> reply_;  // until the last frame of its diff is sent
  std::uint64_t diff_frames_ = 0;
  Cursor at_;
  bool pumping_ = false;
  bool broken_ = false;
  bool reads_ = true;
  std::size_t on_the_way_ = 0;
  Micros latest_{0};  // when the last frame arrives
  std::deque<Frame> unread_;
};

}  // namespace lockstep::sim
