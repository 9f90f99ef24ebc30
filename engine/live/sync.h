// SPDX-License-Identifier: Apache-2.0
// sync.h: what the engine is asked, and its answers.
//
// Values only. They stand below the lane, so that a lane, a feed and a front's codec know them
// without knowing the engine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/rules/change.h"
#include "engine/rules/diff.h"
#include "engine/rules/producer.h"

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

}  // namespace lockstep
