// SPDX-License-Identifier: Apache-2.0
// engine_reads.cc: the reads, which the engine answers at once.
#include <algorithm>

#include "engine/base/codes.h"
#include "engine/base/limits.h"
#include "engine/base/must.h"
#include "engine/base/try.h"
#include "engine/live/engine.h"
#include "engine/live/thread_errors.h"
#include "engine/store/keys.h"

namespace lockstep {
namespace {

std::unexpected<Error> unknown_run(const RunId& run) {
  return fail(Kind::not_found, codes::unknown_run, "there is no run " + run.get());
}

// Is the path to `id` now the same as at `at`?
bool path_is_as_at(const ThreadState& now, const MessageId& id, Timestamp at) {
  if (at >= now.now) return true;
  if (!now.message(id)) return false;
  return std::ranges::all_of(now.path(id), [at](const MessageState* row) {
    return !row->deleted && row->message.updated <= at;
  });
}

std::vector<SharedMessage> shared_of(const ThreadState& state,
                                     const std::vector<const MessageState*>& rows) {
  std::vector<SharedMessage> messages;
  messages.reserve(rows.size());
  for (const MessageState* row : rows) {
    messages.emplace_back(state.messages.shared(*state.message_numbers.find(row->message.id)));
  }
  return messages;
}

ThreadAt thread_now(const ThreadState& state) {
  ThreadAt shown;
  shown.thread = state.thread;
  for (std::size_t number = 0; number < state.messages.size(); ++number) {
    if (!state.messages[number].deleted) {
      shown.messages.emplace_back(state.messages.shared(number));
    }
  }
  for (std::size_t number = 0; number < state.runs.size(); ++number) {
    shown.runs.push_back(state.runs[number].run);
  }
  return shown;
}

}  // namespace

// --- Following -----------------------------------------------------------------------------------

Result<void> Engine::join(const UserId& user, const ThreadName& thread, Follower& follower) {
  MUST(parts_.executor.runs_here());
  TRY_LET(live, shown(user, thread));
  hub_.join(thread, follower);
  parts_.metrics.followers = hub_.follower_count();
  return {};
}

void Engine::leave(const ThreadName& thread, Follower& follower) {
  MUST(parts_.executor.runs_here());
  hub_.leave(thread, follower);
  parts_.metrics.followers = hub_.follower_count();
  if (LiveThread* live = states_.find(thread)) states_.touch(*live);
}

Result<Slice> Engine::entries(const std::optional<UserId>& user, const ThreadName& thread,
                              Timestamp after, std::size_t bytes_max) {
  MUST(parts_.executor.runs_here());
  TRY_LET(live, shown(user, thread));
  return history_.slice(*live, after, bytes_max);
}

Result<void> Engine::check_cursor(const std::optional<UserId>& user, const ThreadName& thread,
                                  const Cursor& cursor) {
  MUST(parts_.executor.runs_here());
  TRY_LET(live, shown(user, thread));
  return lockstep::check_cursor(cursor, live->state.now, rules_of(rules_, *live));
}

// --- Reading -------------------------------------------------------------------------------------

Result<ThreadAt> Engine::thread_at(const std::optional<UserId>& user, const ThreadName& thread,
                                   std::optional<Timestamp> at) {
  MUST(parts_.executor.runs_here());
  TRY_LET(live, shown(user, thread));
  const Timestamp now = live->state.now;
  if (at && *at > now) {
    return fail(Kind::conflict, codes::unknown_history,
                "the thread has no entry at that time yet: ask for an earlier one");
  }
  TRY_LET(state, history_.state_at(*live, at.value_or(now)));
  if (state.now == Timestamp()) {
    return fail(Kind::not_found, codes::unknown_thread,
                "the thread did not exist at that time: ask for a later one");
  }
  ThreadAt shown = thread_now(state);
  shown.cursor = {state.now, rules_.epoch};
  shown.digest = live->digests.of(state, state.thread.head);
  return shown;
}

Result<Reading> Engine::read(const std::optional<UserId>& user, const ThreadName& thread,
                             std::optional<Timestamp> at) {
  TRY_LET(found, thread_at(user, thread, at));
  Reading reading{.screen = {.thread = std::move(found.thread),
                             .messages = {},
                             .runs = std::move(found.runs),
                             .now = found.cursor.at},
                  .cursor = found.cursor,
                  .digest = found.digest};
  for (const SharedMessage& message : found.messages) {
    reading.screen.messages.push_back(*message);
    reading.screen.messages.back().opaque = {};  // no screen has it
  }
  return reading;
}

Result<MessagesPage> Engine::messages(const UserId& user, const ThreadName& thread,
                                      const PageAsked& asked) {
  MUST(parts_.executor.runs_here());
  TRY_LET(live, shown(user, thread));
  const ThreadState* state = &live->state;
  std::optional<ThreadState> then;
  if (asked.at) {
    TRY(lockstep::check_cursor(*asked.at, state->now, rules_of(rules_, *live)));
    if (!path_is_as_at(*state, asked.before, asked.at->at)) {
      TRY_LET(earlier, history_.state_at(*live, asked.at->at));
      state = &then.emplace(std::move(earlier));
    }
  }
  if (!state->living(asked.before)) {
    return fail(Kind::not_found, codes::unknown_message,
                "there is no message " + asked.before.get());
  }
  std::vector<const MessageState*> path = state->path(asked.before);
  path.pop_back();
  const std::size_t count = std::min<std::size_t>({asked.limit, limits::list_max, path.size()});
  MessagesPage page;
  page.older = path.size() > count;
  path.erase(path.begin(), path.end() - static_cast<std::ptrdiff_t>(count));
  page.messages = shared_of(*state, path);
  return page;
}

Result<Run> Engine::run(const std::optional<UserId>& user, const ThreadName& thread,
                        const RunId& run) {
  MUST(parts_.executor.runs_here());
  TRY_LET(live, shown(user, thread));
  const RunState* row = live->state.run(run);
  if (!row) return unknown_run(run);
  return row->run;
}

Result<Engine::ClaimState> Engine::claim_state(const ThreadName& thread, const RunId& run) {
  MUST(parts_.executor.runs_here());
  TRY_LET(live, shown(std::nullopt, thread));
  const RunState* row = live->state.run(run);
  if (!row) return unknown_run(run);
  return ClaimState{.agent = row->run.agent,
                    .status = row->run.status,
                    .attempt = row->run.attempt,
                    .seq = row->seq,
                    .claim = row->claim,
                    .error = row->run.error ? row->run.error->code : std::string(),
                    .now = live->state.now};
}

Result<RunContext> Engine::context(const std::optional<UserId>& user, const ThreadName& thread,
                                   const RunId& run) {
  MUST(parts_.executor.runs_here());
  TRY_LET(live, shown(user, thread));
  const RunState* row = live->state.run(run);
  if (!row) return unknown_run(run);
  if (!row->run.context_ts) {
    const bool waits = row->run.status == RunStatus::queued;
    return fail(
        Kind::not_found, codes::not_started,
        "run " + run.get() +
            (waits ? " has not started yet: ask again when it runs" : " was never started"));
  }
  TRY_LET(state, history_.state_at(*live, *row->run.context_ts));
  auto context = context_of(*live, state, row->run);
  if (context) context->path = shared_of(state, state.path(row->run.head));
  return context;
}

Result<RunContext> Engine::context_of(const LiveThread& thread, const ThreadState& state,
                                      const Run& run) {
  MUST(run.context_ts == state.now && run.settings);
  const std::string name = to_string(thread.name);
  TRY_LET(settings,
          damage_.look_at(Damaged::thread, name,
                          parts_.store.get(Table::settings, keys::settings(*run.settings))));
  if (!settings) {
    return std::unexpected(damage_.found(
        Damaged::thread, name,
        corrupt(thread.name, "the settings of run " + run.id.get() + " are missing")));
  }
  return RunContext{.context = lockstep::context_of(state, run, std::move(*settings)),
                    .path = {},
                    .agent = run.agent};
}

// --- Threads -------------------------------------------------------------------------------------

Result<UsageMap> Engine::usage(const UserId& user, const std::optional<ThreadName>& thread,
                               UsageSpan span) {
  MUST(parts_.executor.runs_here());
  if (!thread) return damage_.look_at(Damaged::list, user.get(), usage_.sums(user, span));
  TRY_LET(live, shown(user, *thread));
  return usage_.of(live->state, span);
}

Result<ThreadsPage> Engine::threads(const UserId& user, std::optional<std::string> before,
                                    std::uint32_t limit) {
  MUST(parts_.executor.runs_here());
  auto page = damage_.look_at(Damaged::list, user.get(), feed_.threads(user, before, limit));
  if (!page) return page;
  if (page->damage) damage_.found(Damaged::feed, user.get(), *page->damage);
  for (Thread& thread : page->threads) thread.running = thread.running && mended({user, thread.id});
  return page;
}

Result<std::vector<FeedItem>> Engine::feed(const UserId& user, const std::string& after,
                                           std::uint32_t limit) {
  MUST(parts_.executor.runs_here());
  auto items = damage_.look_at(Damaged::list, user.get(), feed_.items(user, after, limit));
  if (!items) return items;
  for (FeedItem& item : *items) {
    if (item.thread)
      item.thread->running = item.thread->running && mended({item.owner, item.thread->id});
  }
  return items;
}

void Engine::join_feed(const UserId& user, Follower& follower) {
  MUST(parts_.executor.runs_here());
  feed_.join(user, follower);
}

void Engine::leave_feed(const UserId& user, Follower& follower) {
  MUST(parts_.executor.runs_here());
  feed_.leave(user, follower);
}

}  // namespace lockstep
