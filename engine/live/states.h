// SPDX-License-Identifier: Apache-2.0
// states.h: the threads that are in memory.
//
// A thread is loaded when it is first asked for (its views, then the entries after them) and stays
// while somebody needs it: a lane at work, followers, open runs that this process writes. Then it
// is idle, and idle ones stay while there is memory for them (memory.h), the one used longest ago
// going first. A state changes only by `fold`, which only the commit of an entry calls.
//
// A thread that can't be read is quarantined: to ask for it is the error `corrupt`, all others are
// served. So is one that was being opened when the process died (crash_mark.h).
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
  Timestamp view_at;             // what the stored views show
  std::uint32_t since_view = 0;  // entries after it
  CommitNumber feed_commit;      // where it stands in its owner's feed; 0: nowhere
  FormerEpochs former;           // what it has kept of earlier epochs
  bool erasing = false;          // the entry in flight is its last
  bool deleted = false;
  Digests digests;
  std::unique_ptr<Lane> lane;  // made when first needed
  std::list<LiveThread*>::iterator place{};
  bool idle = false;             // `place` is in the list of idle ones
  std::uint32_t idle_since = 0;  // by the seconds that `States` has seen
  Charge held;                   // beside its rows

  // Has it an entry?
  [[nodiscard]] bool exists() const { return state.now != Timestamp() && !deleted; }
};

class States {
 public:
  struct Parts {
    const Log& log;
    const Store& store;
    const Hub& hub;
    const Epochs& epochs;
    OpeningMarker* opening;
    Metrics& metrics;
    DamageReport& damage;
    MemoryAccount* memory = nullptr;       // null: no bound in bytes
    const OutsideRuns* outside = nullptr;  // null: there are none
  };
  explicit States(Parts parts);
  ~States();
  States(const States&) = delete;
  States& operator=(const States&) = delete;

  // For this user, or for the administrator. Fails with `unknown_thread`, `deleted`, `corrupt`, or
  // `overloaded` if a user's thread had to be read and there is no memory for it. To anyone but its
  // owner a thread is unknown, and nothing is looked up.
  // The pointer is good until the strand is given back, or the next thread is opened.
  [[nodiscard]] Result<LiveThread*> open(const std::optional<UserId>& user, const ThreadName& name);
  // The same, but a thread of the user's own that is not there is made, empty and without a number.
  [[nodiscard]] Result<LiveThread*> open_or_make(const UserId& user, const ThreadName& name);
  // Null if it is not in memory.
  [[nodiscard]] LiveThread* find(ThreadNumber number);
  [[nodiscard]] LiveThread* find(const ThreadName& name);

  // Requires: its first entry is to be appended under this number.
  void give_number(LiveThread& thread, ThreadNumber number);
  // Requires: called for every entry that becomes durable, and by nobody else.
  void fold(const Committed& committed);
  // Reads the thread anew: somebody else has written to it.
  [[nodiscard]] Result<void> reload(LiveThread& thread);
  // Must be called when a reason to keep it has gone.
  void touch(LiveThread& thread);
  // Lets go of idle threads beyond the bounds, but not of `used`.
  void trim(const LiveThread* used = nullptr);
  // Lets go of idle threads until so many bytes are free again, or none is left.
  void give_up(std::size_t bytes);
  // A second has passed: lets go of what was not used for a while.
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
  std::list<LiveThread*> idle_;  // used longest ago first
  std::uint32_t seconds_ = 0;
  std::unordered_set<ThreadNumber> quarantined_;      // by an earlier start
  std::unordered_set<ThreadName> quarantined_names_;  // found since
};

}  // namespace lockstep
