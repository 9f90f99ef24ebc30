// SPDX-License-Identifier: Apache-2.0
// hub.h: who follows which thread.
//
// A follower is a cursor, not a queue: it is woken once per commit, and takes what lies between its
// cursor and the durable end when it can write. The tails of followed threads are kept in memory,
// each entry shared by all who read it, so that a commit costs each follower one write and the
// entry is encoded once. A follower that fell behind the tail reads the log.
//
// Lives on: the engine strand.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "engine/base/memory.h"
#include "engine/rules/event.h"

namespace lockstep {

// A durable entry as its followers share it. `wire` is the server's: the bytes that the first
// follower made of it, kept for the others; empty until then.
struct Published {
  std::shared_ptr<const Entry> entry;
  mutable std::string wire;
};

// Entries right after a cursor, oldest first. `end`: where the thread ends; if the last entry is
// before it, there is more to be had.
struct Slice {
  std::vector<std::shared_ptr<const Published>> entries;
  Timestamp end;
};

class Follower {
 public:
  virtual ~Follower() = default;
  // There is more, or the thread was deleted. Must not call back into the engine: it should mark
  // itself and take what there is when its connection can write.
  virtual void wake() = 0;
};

class Hub {
 public:
  // Null: no bound beside each thread's.
  explicit Hub(MemoryAccount* memory = nullptr) : memory_(memory) {}
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  // The follower must leave before it dies.
  void join(const ThreadName& thread, Follower& follower);
  void leave(const ThreadName& thread, Follower& follower);

  // Keeps the entry in the thread's tail if anybody follows and there is memory for it; `wake` then
  // tells them.
  void publish(const ThreadName& thread, std::shared_ptr<const Entry> entry);
  void wake(const ThreadName& thread);

  // The entries after `after` if the tail reaches back so far: about `bytes_max` of them, at least
  // one if there is one. Null: read the log.
  [[nodiscard]] std::optional<Slice> tail(const ThreadName& thread, Timestamp after,
                                          std::size_t bytes_max) const;
  // Lets go of tails until so many bytes are free again: followers read the log instead.
  void give_up(std::size_t bytes);
  [[nodiscard]] bool followed(const ThreadName& thread) const;
  [[nodiscard]] std::size_t follower_count() const;

 private:
  struct Channel {
    std::unordered_set<Follower*> followers;
    std::deque<std::shared_ptr<const Published>> tail;
    std::deque<std::size_t> sizes;  // of the entries in the tail, about
    std::size_t bytes = 0;
    Charge held;

    void clear();
  };
  MemoryAccount* memory_;
  std::unordered_map<ThreadName, Channel> channels_;
  std::size_t follower_count_ = 0;
};

}  // namespace lockstep
