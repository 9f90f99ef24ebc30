// SPDX-License-Identifier: Apache-2.0
// engine.h: the face of everything that is true.
//
// The server hands in what fronts and producers say, and is called back when it is durable. Reads
// are answered at once, from memory or the local disk. Every input takes one road: the thread's
// lane (lane.h) decides, the log makes durable, `on_commit` folds the states, and then, and only
// then, followers, waiters and run hosts hear of it.
//
// A thread is named by its owner and its id. It belongs to the user who made it: to others it is
// `unknown_thread`, whether it is there or not. A user of nothing is the administrator: the
// binary's own agents and tools.
//
// Errors, beside the codes in docs/protocol.md: `unknown_thread` (not_found), `deleted` (gone),
// `unknown_history` (conflict), `overloaded`, `stopping` (overloaded), `corrupt`.
//
// Lives on: the engine strand. `Done`s are called there, never from within the call that took them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/executor.h"
#include "engine/base/memory.h"
#include "engine/base/offload.h"
#include "engine/base/time.h"
#include "engine/live/hub.h"
#include "engine/live/metrics.h"
#include "engine/rules/change.h"
#include "engine/rules/decide.h"
#include "engine/rules/diff.h"
#include "engine/rules/producer.h"
#include "engine/rules/step.h"
#include "engine/store/log.h"
#include "engine/store/opening.h"

namespace lockstep {

struct SyncRequest {
  ThreadName thread;
  ChangeRequest changes;  // who asks, device, cursor, if_head and the changes, maybe none
  std::optional<Hash> digest;
  std::optional<std::uint32_t> window;
};

// The diff replaces what the front holds.
struct Reset {
  std::string reason;  // "rewound" or "digest"
  std::optional<Timestamp> kept_until;
};

struct SyncReply {
  Cursor cursor;  // of `diff.to`
  Diff diff;
  std::optional<Reset> reset;
  std::vector<Outcome> outcomes;
  std::optional<Hash> digest;       // of the head's path; nothing without a head
  std::optional<Hash> edge_digest;  // with a window: of the parent at its edge
  std::optional<bool> older;        // with a window
  std::vector<RunId> awaited;       // named in the request, or else open in the diff; not ended yet
};

// A thread at a time, its messages shared with the state.
struct Snapshot {
  std::optional<Thread> thread;
  std::vector<SharedMessage> messages;  // by creation
  std::vector<Run> runs;                // by queueing
  Cursor cursor;
  std::optional<Hash> digest;
};
// The same as values.
struct Reading {
  Screen screen;
  Cursor cursor;
  std::optional<Hash> digest;
};

// The last `limit` messages above `before` on its path, as it was at `at`, or is now.
struct PageAsked {
  MessageId before;
  std::uint32_t limit = 0;
  std::optional<Cursor> at;
};

struct MessagesPage {
  std::vector<SharedMessage> messages;  // of the path above the one named, in the path's order
  bool older = false;
};

struct RunContext {
  Context context;
  std::vector<SharedMessage> path;  // the context's
  AgentName agent;
};

struct ThreadsPage {
  std::vector<Thread> threads;      // latest change first
  std::optional<std::string> next;  // `before` of the next page
  std::string cursor;               // of the feed, now
  std::optional<Error> damage;      // of the feed: then this is made from the threads' own rows
};

// Of a thread that changed, or was removed; whose it is, for a feed may tell of another user's.
struct FeedItem {
  std::string cursor;
  UserId owner;
  std::optional<Thread> thread;
  std::optional<ThreadId> removed;
};

// Who drives runs: called after the start or the end is durable and visible.
class RunHost {
 public:
  virtual ~RunHost() = default;
  virtual void started(const AgentName& agent, Context context, std::uint32_t attempt) = 0;
  // The run as it ended: also one that never started, and one that was written from outside.
  virtual void ended(const ThreadName& thread, const Run& run) = 0;
};

class Engine {
 public:
  struct Parts {
    Log& log;
    Store& store;
    Clock& clock;
    Random& random;
    Executor& executor;
    const Agents& agents;
    bool (*is_json_object)(std::string_view text);
    Metrics& metrics;
    OpeningMarker* opening = nullptr;
    // Null: nothing is counted, and no work refused for want of memory. Lives longer than the
    // engine and all that it has answered.
    MemoryAccount* memory = nullptr;
    // Null: long entries are written on the strand.
    Offload* offload = nullptr;
  };

  // `ready` is called when requests may be handed in, however many runs a crash has interrupted:
  // their threads are mended behind that. Fails with `corrupt` if the store can't be read.
  [[nodiscard]] static Result<std::unique_ptr<Engine>> open(Parts parts, RunHost& host,
                                                            Done<Result<void>> ready);
  virtual ~Engine() = default;

  // --- Sync -------------------------------------------------------------------------------------

  // An error means that nothing was done. Ids that the changes leave out are made here.
  virtual void sync(SyncRequest request, Done<Result<SyncReply>> done) = 0;

  // Steps of a run that waits for its turn are answered when it has started or ended. Those of a
  // user are refused as `written_here` if the run is written by this process (`user`: nothing).
  virtual void write(std::optional<UserId> user, ThreadName thread, StepBatch batch,
                     Done<std::expected<StepAck, StepRefusal>> done) = 0;

  // --- Mending ----------------------------------------------------------------------------------

  // Has the thread no open runs that a crash has interrupted? Until then reading it fails with
  // `not_ready`, lists show it as not running, and `sync`, `write` and `erase` wait by themselves.
  [[nodiscard]] virtual bool mended(const ThreadName& thread) const = 0;
  // `done` when it is; this thread comes before the others.
  virtual void mend(const ThreadName& thread, Done<void> done) = 0;

  // --- Following --------------------------------------------------------------------------------

  // Fails as `read` does. After a deletion `entries` fails with `deleted`.
  [[nodiscard]] virtual Result<void> join(const UserId& user, const ThreadName& thread,
                                          Follower& follower) = 0;
  virtual void leave(const ThreadName& thread, Follower& follower) = 0;
  // What lies right after `after`: about `bytes_max`, at least one entry if there is one.
  [[nodiscard]] virtual Result<Slice> entries(const std::optional<UserId>& user,
                                              const ThreadName& thread, Timestamp after,
                                              std::size_t bytes_max) = 0;
  // Is the cursor of this thread's history? `unknown_history` or `rewound` (both conflict) if not.
  [[nodiscard]] virtual Result<void> check_cursor(const std::optional<UserId>& user,
                                                  const ThreadName& thread,
                                                  const Cursor& cursor) = 0;

  // --- Reading ----------------------------------------------------------------------------------

  [[nodiscard]] virtual Result<Snapshot> snapshot(const std::optional<UserId>& user,
                                                  const ThreadName& thread,
                                                  std::optional<Timestamp> at) = 0;
  [[nodiscard]] Result<Reading> read(const std::optional<UserId>& user, const ThreadName& thread,
                                     std::optional<Timestamp> at);
  [[nodiscard]] virtual Result<MessagesPage> messages(const UserId& user, const ThreadName& thread,
                                                      const PageAsked& page) = 0;
  [[nodiscard]] virtual Result<Run> run(const std::optional<UserId>& user, const ThreadName& thread,
                                        const RunId& run) = 0;
  [[nodiscard]] virtual Result<RunContext> context(const std::optional<UserId>& user,
                                                   const ThreadName& thread, const RunId& run) = 0;

  // --- Threads ----------------------------------------------------------------------------------

  // `before`: a feed cursor; fails with `unknown_history` if it is none of this user's.
  [[nodiscard]] virtual Result<ThreadsPage> threads(const UserId& user,
                                                    std::optional<std::string> before,
                                                    std::uint32_t limit) = 0;
  // The latest state of every thread that changed after `after`, in order of change.
  [[nodiscard]] virtual Result<std::vector<FeedItem>> feed(const UserId& user,
                                                           const std::string& after,
                                                           std::uint32_t limit) = 0;
  virtual void join_feed(const UserId& user, Follower& follower) = 0;
  virtual void leave_feed(const UserId& user, Follower& follower) = 0;
  virtual void erase(const UserId& user, ThreadName thread, Done<Result<void>> done) = 0;

  // --- Life -------------------------------------------------------------------------------------

  [[nodiscard]] virtual Epoch epoch() const = 0;
  // No change or step is taken from now on; running runs end `interrupted`, but those that are
  // written from outside. `done` when all is durable.
  virtual void stop(Done<void> done) = 0;
};

}  // namespace lockstep
