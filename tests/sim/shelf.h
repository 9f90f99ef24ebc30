// SPDX-License-Identifier: Apache-2.0
// shelf.h: a user's list of threads, as a front keeps it.
//
// First it reads the list, page by page, while threads change, move to the top and go; then the
// feed, with the server's own follower, from the cursor of the first page. When the connection
// breaks, it goes on from the cursor of the last frame; when the server has another history, it
// reads the list again.
//
// At rest it must equal the truth: each thread of its user as the thread is now, and no other.
//
// Lives on: the simulation's one thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "server/front/feed_follower.h"
#include "tests/sim/line.h"

namespace lockstep::sim {

class Shelf : private StreamOwner {
 public:
  Shelf(Network& network, UserId user, std::uint64_t seed);
  Shelf(const Shelf&) = delete;
  Shelf& operator=(const Shelf&) = delete;

  void server_stops();
  void server_died();
  // It follows the feed, and has got all of it.
  [[nodiscard]] bool settled() const;
  // Why it is not settled; empty if it is.
  [[nodiscard]] std::string standing() const;
  // The difference from the truth; empty if there is no difference. Requires: it is settled.
  [[nodiscard]] std::string wrong() const;

 private:
  void woken(Stream& stream) override;
  void later();
  void go_on();
  void take_page();
  void follow();
  void pump_soon();
  void pump();
  bool take(const std::string& id, const std::string& frame);
  void begin_anew();

  Network& network_;
  UserId user_;
  Chance chance_;
  Form form_ = Form::sse;
  std::map<std::string, std::string> threads_;  // by id: as JSON
  std::optional<std::string> cursor_;           // of the feed
  std::optional<std::string> before_;           // of the next page
  bool listed_ = false;
  bool waiting_ = false;
  bool pumping_ = false;
  std::unique_ptr<FeedFollower> follower_;
  Alive alive_;
};

}  // namespace lockstep::sim
