// SPDX-License-Identifier: Apache-2.0
// sync.h: the engine's requests and replies.
//
// They are values, in a header below the lane, so that a lane, a feed and a front's codec need not
// include the engine.
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
  ChangeRequest changes;  // user, device, cursor, if_head, and the changes, if any
  std::optional<Hash> digest;
  std::optional<std::uint32_t> window;
};

// The front drops its copy: the diff replaces all of it.
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
  std::vector<RunId> awaited;       // open runs: those that the changes name, else all
};

// A thread at one time. Its messages share their rows with the state.
struct ThreadAt {
  std::optional<Thread> thread;
  std::vector<SharedMessage> messages;  // by creation
  std::vector<Run> runs;                // by queueing
  Cursor cursor;
  std::optional<Hash> digest;
};
// The same, with messages as values.
struct Reading {
  Screen screen;
  Cursor cursor;
  std::optional<Hash> digest;
};

// Asks for the last `limit` messages above `before` on its path, at `at` or now.
struct PageAsked {
  MessageId before;
  std::uint32_t limit = 0;
  std::optional<Cursor> at;
};

struct MessagesPage {
  std::vector<SharedMessage> messages;  // above `before`, in the path's order
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
  std::optional<Error> damage;      // of the feed: the page is then made from the threads' rows
};

// A thread that changed or was removed. The owner is named too, because the item may be of another
// user.
struct FeedItem {
  std::string cursor;
  UserId owner;
  std::optional<Thread> thread;
  std::optional<ThreadId> removed;
};

}  // namespace lockstep
