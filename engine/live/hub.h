// SPDX-License-Identifier: Apache-2.0
// hub.h: the followers of each thread, and the latest entries for them.
//
// A follower is a cursor, not a queue: the hub wakes it once per commit, and when its connection
// can write, it takes the entries between its cursor and the durable end. The hub keeps the tails
// (the last entries) of followed threads in memory. All followers share an entry, so it is encoded
// once, and a commit costs each follower one write. A follower that fell behind the tail reads the
// log.
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

// A durable entry as its followers share it. `json` belongs to the server: the first follower
// encodes the entry into it for the others. It is empty until then.
struct Published {
  std::shared_ptr<const Entry> entry;
  mutable std::string json;
};

// Entries right after a cursor, oldest first. `end`: the timestamp where the thread ends. If the
// last entry here is earlier, more entries follow.
struct Slice {
  std::vector<std::shared_ptr<const Published>> entries;
  Timestamp end;
};

class Follower {
 public:
  virtual ~Follower() = default;
  // More entries are durable, or the thread was deleted. Must not call back into the engine: the
  // follower notes the wake, and reads when its connection can write.
  virtual void wake() = 0;
};

class Hub {
 public:
  // Null: each tail has its own bound, but their sum has none.
  explicit Hub(MemoryAccount* memory = nullptr) : memory_(memory) {}
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  // Requires: the follower leaves before it is destroyed.
  void join(const ThreadName& thread, Follower& follower);
  void leave(const ThreadName& thread, Follower& follower);

  // Keeps the entry in the thread's tail if the thread has followers and memory has room. `wake`
  // then tells the followers.
  void publish(const ThreadName& thread, std::shared_ptr<const Entry> entry);
  void wake(const ThreadName& thread);

  // The entries after `after`: about `bytes_max`, at least one if there is one. Nothing if the tail
  // does not reach back so far: read the log.
  [[nodiscard]] std::optional<Slice> tail(const ThreadName& thread, Timestamp after,
                                          std::size_t bytes_max) const;
  // Drops tails until this many bytes are free. Their followers read the log instead.
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
