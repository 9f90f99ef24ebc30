// SPDX-License-Identifier: Apache-2.0
// states.h: the cache of threads in memory.
//
// The first use of a thread loads it: its stored snapshot, then the entries after it. It stays
// while it is in use: by a lane at work, by followers, by open runs that this process writes. Then
// it is idle. Idle threads stay while memory has room (memory.h), and the least recently used goes
// first. A state changes only by `fold`, which only the commit of an entry calls, and by `reload`.
//
// A thread that can't be read is quarantined: each request for it gets the error `corrupt`, and all
// other threads are served. A thread that was being opened when the process died is quarantined too
// (crash_mark.h).
//
// Lives on: the engine strand.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "engine/base/memory.h"
#include "engine/live/damage_report.h"
#include "engine/live/digests.h"
#include "engine/live/hub.h"
#include "engine/live/metrics.h"
#include "engine/live/outside_runs.h"
#include "engine/rules/state.h"
#include "engine/store/crash_mark.h"
#include "engine/store/former_epochs.h"
#include "engine/store/log.h"
#include "engine/store/store.h"

namespace lockstep {

class Lane;

struct LiveThread {
  LiveThread();
  ~LiveThread();

  ThreadName name;
  ThreadNumber number;  // 0 until its first entry is on its way
  ThreadState state;
  Timestamp snapshot_at;             // the time of the stored snapshot
  std::uint32_t since_snapshot = 0;  // entries after it
  CommitNumber feed_commit;          // its place in its owner's feed; 0: none yet
  FormerEpochs former;               // earlier epochs, each up to its last timestamp kept here
  bool erasing = false;              // the entry in flight deletes it
  bool deleted = false;
  Digests digests;
  std::unique_ptr<Lane> lane;  // made when first needed
  std::list<LiveThread*>::iterator place{};
  bool idle = false;             // `place` is in the list of idle ones
  std::uint32_t idle_since = 0;  // by the seconds that `States` has seen
  Charge held;                   // besides its rows'

  // Does it have an entry, and is not deleted?
  [[nodiscard]] bool exists() const { return state.now != Timestamp() && !deleted; }
};

class States {
 public:
  struct Parts {
    const Log& log;
    const Store& store;
    const Hub& hub;
    const Epochs& epochs;
    CrashMarker* crash_mark;
    Metrics& metrics;
    DamageReport& damage;
    MemoryAccount* memory = nullptr;       // null: no bound in bytes
    const OutsideRuns* outside = nullptr;  // null: this process writes all runs
  };
  explicit States(Parts parts);
  ~States();
  States(const States&) = delete;
  States& operator=(const States&) = delete;

  // For this user, or (nothing) for the administrator. Fails with `unknown_thread`, `deleted` or
  // `corrupt`, or with `overloaded` if memory has no room to load the thread for a user. Users
  // other than the owner get `unknown_thread` without a look-up. The pointer is valid until the
  // current task ends or the next thread is opened.
  [[nodiscard]] Result<LiveThread*> open(const std::optional<UserId>& user, const ThreadName& name);
  // The same, but makes a missing thread of the user's own: empty, and without a number.
  [[nodiscard]] Result<LiveThread*> open_or_make(const UserId& user, const ThreadName& name);
  // Null if it is not in memory.
  [[nodiscard]] LiveThread* find(ThreadNumber number);
  [[nodiscard]] LiveThread* find(const ThreadName& name);

  // Requires: the thread's first entry is about to be appended under this number.
  void give_number(LiveThread& thread, ThreadNumber number);
  // Requires: called once for each entry of a loaded thread, when it becomes durable.
  void fold(const Committed& committed);
  // Loads the thread again, because another writer has appended to it.
  [[nodiscard]] Result<void> reload(LiveThread& thread);
  // Must be called when a use of the thread has ended.
  void touch(LiveThread& thread);
  // Drops idle threads beyond the bounds, but not `used`.
  void trim(const LiveThread* used = nullptr);
  // Drops idle threads until this many bytes are free, or none is left.
  void give_up(std::size_t bytes);
  // Called every second: drops threads that were not used for a while.
  void settle();

  void quarantine(ThreadNumber number);
  [[nodiscard]] std::size_t size() const { return threads_.size(); }
  template <class Visit>
  void each(Visit visit) {
    for (auto& [name, thread] : threads_) visit(*thread);
  }

 private:
  [[nodiscard]] bool busy(const LiveThread& thread) const;
  [[nodiscard]] Result<std::unique_ptr<LiveThread>> load(const ThreadName& name);
  [[nodiscard]] Result<void> fill(LiveThread& thread, Timestamp last) const;
  [[nodiscard]] Result<void> read_again(LiveThread& thread);
  LiveThread& keep(std::unique_ptr<LiveThread> thread);
  [[nodiscard]] bool over(const LiveThread* used) const;
  void let_go_of_first();
  void drop(LiveThread& thread);

  Parts parts_;
  std::unordered_map<ThreadName, std::unique_ptr<LiveThread>> threads_;
  std::unordered_map<ThreadNumber, LiveThread*> numbers_;
  std::list<LiveThread*> idle_;  // least recently used first
  std::uint32_t seconds_ = 0;
  std::unordered_set<ThreadNumber> quarantined_;      // by an earlier start
  std::unordered_set<ThreadName> quarantined_names_;  // found since
};

}  // namespace lockstep
