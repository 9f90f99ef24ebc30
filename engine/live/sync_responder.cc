// SPDX-License-Identifier: Apache-2.0
#include "engine/live/sync_responder.h"

#include <algorithm>
#include <utility>

#include "engine/base/codes.h"
#include "engine/base/must.h"
#include "engine/base/try.h"
#include "engine/live/thread_errors.h"
#include "engine/rules/op_memory.h"
#include "engine/rules/window.h"

namespace lockstep {
namespace {

// The last timestamp up to which a front of an earlier epoch holds the same history as the server.
std::optional<Timestamp> kept_until(const Cursor& cursor, const Rules& rules) {
  auto former = std::ranges::find(rules.former, cursor.epoch, &std::pair<Epoch, Timestamp>::first);
  if (former == rules.former.end()) return std::nullopt;
  return former->second;
}

std::vector<RunId> all_open(const ThreadState& state) {
  std::vector<RunId> runs;
  if (state.running) runs.push_back(state.runs[*state.running].run.id);
  for (std::uint32_t number : state.waiting) runs.push_back(state.runs[number].run.id);
  return runs;
}

// The runs that a stream with `follow: run` waits for: the open ones that the request's changes
// start or stop; if no change starts or stops a run, all open ones.
std::vector<RunId> awaited_runs(const ThreadState& state, const std::vector<Outcome>& outcomes) {
  bool named = false;
  std::vector<RunId> runs;
  for (const Outcome& outcome : outcomes) {
    if (outcome.type != ChangeType::start_run && outcome.type != ChangeType::stop_run) continue;
    named = true;
    const RunState* row = outcome.run ? state.run(*outcome.run) : nullptr;
    if (row && is_open(row->run.status)) runs.push_back(*outcome.run);
  }
  return named ? runs : all_open(state);
}

}  // namespace

Rules rules_of(const Rules& rules, const LiveThread& thread) {
  Rules own = rules;
  own.former = thread.former;
  return own;
}

Result<void> check_cursor(const Cursor& cursor, Timestamp now, const Rules& rules) {
  switch (check(cursor, now, rules)) {
    case CursorCheck::good:
      return {};
    case CursorCheck::rewound:
      return fail(Kind::conflict, codes::rewound,
                  "the store was restored to before this cursor: sync again");
    case CursorCheck::unknown:
      break;
  }
  return fail(Kind::conflict, codes::unknown_history,
              "this cursor is not of the thread's history: sync without it");
}

SyncResponder::SyncResponder(const History& history, const Rules& rules, Metrics& metrics)
    : history_(history), rules_(rules), metrics_(metrics) {}

std::optional<Result<SyncReply>> SyncResponder::gate(LiveThread& thread,
                                                     const SyncRequest& request) const {
  const ChangeRequest& changes = request.changes;
  if (thread.state.owner != changes.user) {
    return std::unexpected(unknown_thread());
  }
  if (thread.deleted) return std::unexpected(thread_deleted());
  if (!thread.exists()) {
    // The front holds content of a thread that is not here. The answer must not make it drop that.
    if (changes.cursor && changes.cursor->at != Timestamp()) {
      return fail(Kind::conflict, codes::unknown_history,
                  "the cursor is of a thread that this server does not have");
    }
    if (!changes.changes.empty()) return std::nullopt;
    return std::unexpected(unknown_thread());
  }
  if (!changes.cursor) return std::nullopt;
  const Rules rules = rules_of(rules_, thread);
  if (Result<void> good = check_cursor(*changes.cursor, thread.state.now, rules); !good) {
    if (good.error().code != codes::rewound) return std::unexpected(good.error());
    return reset(thread, request,
                 {std::string(codes::rewound.name()), kept_until(*changes.cursor, rules)});
  }
  if (!request.digest) return std::nullopt;
  TRY_LET(held, history_.digest_at(thread, changes.cursor->at));
  if (held == request.digest) return std::nullopt;
  return reset(thread, request, {"digest", std::nullopt});
}

Result<Pasts> SyncResponder::pasts(const LiveThread& thread, const ChangeRequest& request) const {
  Pasts pasts;
  const std::vector<Timestamp> needed =
      pasts_needed(thread.state, request, rules_of(rules_, thread));
  if (needed.empty()) return pasts;
  TRY_LET(entries, history_.since(thread, std::ranges::min(needed)));
  for (Timestamp at : needed) pasts.insert_or_assign(at, past_of(thread.state, entries, at));
  return pasts;
}

Result<SyncReply> SyncResponder::reply(LiveThread& thread, const SyncRequest& request,
                                       std::vector<Outcome> outcomes) const {
  const ThreadState& now = thread.state;
  const Timestamp from = request.changes.cursor ? request.changes.cursor->at : Timestamp();
  std::optional<Past> past;
  if (diff_needs_past(now, from)) {
    TRY_LET(entries, history_.since(thread, from));
    past = past_of(now, entries, from);
  }
  SyncReply reply = reply_of(thread, request, diff(now, from, past ? &*past : nullptr));
  reply.awaited = awaited_runs(now, outcomes);
  reply.outcomes = std::move(outcomes);
  return reply;
}

Result<SyncReply> SyncResponder::reset(LiveThread& thread, const SyncRequest& request,
                                       Reset reset) const {
  ++metrics_.resets;
  SyncReply reply = reply_of(thread, request, diff(thread.state, Timestamp(), nullptr));
  reply.reset = std::move(reset);
  // Changes that were taken before get their answers. New ones are neither tried nor remembered.
  reply.outcomes = known_outcomes(thread.state, request.changes);
  reply.awaited = all_open(thread.state);
  return reply;
}

SyncReply SyncResponder::reply_of(LiveThread& thread, const SyncRequest& request, Diff diff) const {
  const ThreadState& now = thread.state;
  MUST(diff.to == now.now);
  SyncReply reply;
  reply.cursor = {now.now, rules_.epoch};
  reply.diff = std::move(diff);
  reply.digest = thread.digests.of(now, now.thread.head);
  if (request.window) {
    Window window = restrict_to_window(now, std::move(reply.diff), *request.window);
    reply.diff = std::move(window.diff);
    reply.edge_digest = thread.digests.of(now, window.edge);
    reply.older = window.older;
  }
  return reply;
}

}  // namespace lockstep
