// SPDX-License-Identifier: Apache-2.0
// line.h: one exchange between a device and the server, over a network that loses things.
//
//   device ─ request ─> (lost? late? twice?) ─> engine.sync ─> reply, then entries ─> (cut?) ─>
//   device
//
// A line carries one sync request and its stream, in order, as a connection does; two lines
// overtake each other freely. It breaks at any moment, and the ends learn of that at different
// times or only by waiting. At the server's end it is a follower as the real one: a cursor that
// takes what lies before it when there is room, and is cut off if the device does not read.
//
// Lives on: the simulation's one thread.
#pragma once

#include <deque>
#include <memory>
#include <set>
#include <variant>
#include <vector>

#include "tests/sim/process.h"

namespace lockstep::sim {

enum class Until { reply, runs_end, ever };  // what `follow` asks for

struct Ended {
  std::string reason;
  Cursor cursor;
};
using Frame = std::variant<SyncReply, std::shared_ptr<const Entry>, Error, Ended>;

// The device's end.
class LineEnd {
 public:
  virtual ~LineEnd() = default;
  virtual void receive(std::uint64_t line, const Frame& frame) = 0;
  // Nothing more will come.
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
  void hang_up(std::uint64_t line);
  // While an end does not read, what comes for it waits.
  void read(LineEnd& end, bool reads);
  // All lines of an end break, or all there are.
  void cut(LineEnd& end);
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
  // Followers are woken in an order that means nothing; they go on in that of their numbers.
  void woken(std::uint64_t line);

  std::uint64_t numbers_ = 0;
  std::map<std::uint64_t, std::shared_ptr<Line>> lines_;
  std::set<std::uint64_t> woken_;
};

class Line : public Follower, public std::enable_shared_from_this<Line> {
 public:
  Line(Network& network, std::uint64_t number, LineEnd* end, SyncRequest request, Until until);
  ~Line() override;
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  // The request is at the server.
  void serve();
  void wake() override;
  // The connection is no more. The device is told, unless it is gone.
  void break_off();
  void leave();

 private:
  friend class Network;
  void replied(Asked& asked, Result<SyncReply> reply);
  void follow(const SyncReply& reply);
  void pump_soon();
  void pump();
  void check_entry(const Entry& entry);
  void deliver(Frame frame);
  void arrive(Frame frame);
  void finish(std::string reason);

  Network& network_;
  std::uint64_t number_;
  LineEnd* end_;  // null: nobody waits for the answer
  SyncRequest request_;
  Until until_;
  std::uint64_t life_ = 0;
  Timestamp at_;
  std::vector<RunId> awaited_;
  bool joined_ = false;
  bool pumping_ = false;
  bool broken_ = false;
  bool reads_ = true;
  std::size_t on_the_way_ = 0;
  Micros latest_{0};  // when the last frame arrives
  std::deque<Frame> unread_;
};

}  // namespace lockstep::sim
