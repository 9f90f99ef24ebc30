// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <utility>

#include "engine/base/codes.h"
#include "engine/base/limits.h"
#include "engine/base/try.h"
#include "server/front/blob_door.h"
#include "server/front/body_read.h"
#include "server/front/call.h"
#include "server/front/feed_follower.h"
#include "server/front/follower.h"
#include "server/front/handlers.h"
#include "server/front/json_answer.h"
#include "server/front/json_wait.h"

namespace lockstep {
namespace {

// A reconnecting EventSource sends the last `id:` that it got. That overrides the cursor in the
// URL, which it sends again unchanged.
std::expected<std::optional<Cursor>, Problem> last_event(const Call& call) {
  const std::string* header = call.request.header("last-event-id");
  if (header == nullptr || header->empty()) return std::nullopt;
  const std::optional<Cursor> cursor = parse_cursor(*header);
  if (cursor) return cursor;
  return std::unexpected(make_problem(
      codes::invalid, "`Last-Event-ID` must be a cursor as the server gave it: TS@EPOCH.",
      "Last-Event-ID"));
}

struct SyncAsked {
  SyncRequest request;
  Form form = Form::sse;
  Follow follow = Follow::run;
};

Answer diff_answer(Front& front, SyncAsked asked, SyncReply reply) {
  const bool waits = asked.follow == Follow::run && !reply.awaited.empty();
  if (!waits) {
    const bool considered = !reply.outcomes.empty();
    JsonPieces pieces = pieces_of(std::move(reply));
    return considered ? json_answer_to_changes(front, std::move(pieces))
                      : json_answer(front, std::move(pieces));
  }
  return StreamAnswer{std::make_unique<JsonWait>(front, std::move(asked.request), std::move(reply)),
                      Form::json};
}

Answer sync_answer(Front& front, SyncAsked asked, SyncReply reply) {
  if (asked.form == Form::json) {
    return diff_answer(front, std::move(asked), std::move(reply));
  }
  FollowPlan plan;
  plan.user = asked.request.changes.user;
  plan.thread = asked.request.thread;
  plan.framing.form = asked.form;
  plan.follow = asked.follow;
  plan.awaited = reply.awaited;
  plan.reply = std::move(reply);
  auto follower = ThreadFollower::open(front.follow_parts(), std::move(plan));
  // The thread was deleted in between: the engine has considered the changes, but there is no
  // thread to show.
  if (!follower) return response_of(problem_of(follower.error()));
  return StreamAnswer{std::move(*follower), asked.form};
}

// The parts of a sync that come before its body.
struct SyncHeader {
  ThreadName thread;
  UserId user;
  Form form = Form::sse;
  std::optional<Cursor> last;  // from `Last-Event-ID`
};

std::expected<SyncHeader, Problem> read_sync_header(const Call& call) {
  Query query(call);
  if (auto problem = query.problem()) return std::unexpected(std::move(*problem));
  const auto form = accepted_form(call.request, {Form::sse, Form::lines, Form::json});
  if (!form) {
    return std::unexpected(make_problem(
        codes::not_acceptable,
        "A sync answers with text/event-stream, application/x-ndjson or application/json: accept "
        "one of them."));
  }
  TRY_LET(last, last_event(call));
  return SyncHeader{thread_of(call), call.user, *form, last};
}

// The header and the body together.
std::expected<SyncAsked, Problem> sync_asked(SyncHeader header, Read<SyncCall> body) {
  if (!body) return std::unexpected(std::move(body.error()));
  SyncAsked asked{std::move(body->request), header.form, Follow::run};
  asked.follow = body->follow.value_or(header.form == Form::json ? Follow::none : Follow::run);
  if (asked.form == Form::json && asked.follow == Follow::live) {
    return std::unexpected(make_problem(
        codes::invalid, "`live` needs a stream: accept text/event-stream, or follow `run`.",
        "follow"));
  }
  asked.request.thread = std::move(header.thread);
  asked.request.changes.user = std::move(header.user);
  if (header.last) asked.request.changes.cursor = *header.last;
  return asked;
}

void sync(Front& front, SyncAsked asked, std::shared_ptr<const void> files, Respond respond) {
  // The answer does not need the changes: keep a copy of the request without them.
  std::vector<Change> changes = std::exchange(asked.request.changes.changes, {});
  SyncRequest request = asked.request;
  request.changes.changes = std::move(changes);
  front.engine.sync(std::move(request),
                    [&front, asked = std::move(asked), files = std::move(files),
                     respond = std::move(respond)](Result<SyncReply> reply) mutable {
                      if (!reply) return refuse(respond, reply.error());
                      respond(sync_answer(front, std::move(asked), std::move(*reply)));
                    });
}

// Makes blobs of the files in the changes first. Meanwhile the token may be revoked.
void store_and_sync(Front& front, SyncAsked asked, Caller caller, Respond respond) {
  std::vector<Change> changes = std::exchange(asked.request.changes.changes, {});
  // A thread of another user is refused later: it must not cost that user anything.
  const UserId user = asked.request.changes.user;
  store_data(front.blob_door(), user, std::move(changes),
             [&front, asked = std::move(asked), caller = std::move(caller),
              respond = std::move(respond)](Stored<Change> stored) mutable {
               if (!stored) return refuse(respond, stored.error());
               if (auto problem = refused_since(front, caller)) return refuse(respond, *problem);
               asked.request.changes.changes = std::move(stored->things);
               sync(front, std::move(asked), std::move(stored->files), std::move(respond));
             });
}

}  // namespace

void sync_thread(Front& front, Call call, Respond respond) {
  auto header = read_sync_header(call);
  if (!header) return refuse(respond, header.error());
  read_body(front, std::move(call.request.body), read_sync,
            [&front, header = std::move(*header), caller = Caller{call.user, call.token},
             respond = std::move(respond)](Read<SyncCall> body) mutable {
              auto asked = sync_asked(std::move(header), std::move(body));
              if (!asked) return refuse(respond, asked.error());
              if (auto problem = refused_since(front, caller)) return refuse(respond, *problem);
              store_and_sync(front, std::move(*asked), std::move(caller), std::move(respond));
            });
}

namespace {

struct EventsAsked {
  FollowPlan plan;
  Cursor after;
  bool names_cursor = false;
};

std::expected<EventsAsked, Problem> read_events_call(const Call& call) {
  Query query(call);
  const auto after = query.cursor("after");
  const auto until = query.number("until", std::numeric_limits<std::int64_t>::max());
  const auto follow = query.follow("follow");
  if (auto problem = query.problem()) return std::unexpected(std::move(*problem));
  const auto form = accepted_form(call.request, {Form::sse, Form::lines});
  if (!form) {
    return std::unexpected(
        make_problem(codes::not_acceptable,
                     "Events come as text/event-stream or application/x-ndjson: accept one."));
  }
  TRY_LET(last, last_event(call));
  EventsAsked asked;
  asked.names_cursor = last.has_value() || after.has_value();
  asked.after = last ? *last : after.value_or(Cursor{});
  FollowPlan& plan = asked.plan;
  plan.user = call.user;
  plan.thread = thread_of(call);
  plan.framing.form = *form;
  plan.follow = follow.value_or(*form == Form::sse ? Follow::live : Follow::none);
  plan.after = asked.after;
  if (until) plan.until = Timestamp(*until);
  plan.says_live = plan.follow != Follow::none;
  return asked;
}

// The runs of the thread that have not ended yet.
Result<std::vector<RunId>> open_runs(Engine& engine, const FollowPlan& plan) {
  TRY_LET(reading, engine.thread_at(plan.user, plan.thread, std::nullopt));
  std::vector<RunId> open;
  for (const Run& run : reading.runs) {
    if (is_open(run.status)) open.push_back(run.id);
  }
  return open;
}

// Will no entry come after the cursor, now or later? Then the answer to a reconnect is 204, which
// tells an EventSource not to reconnect again.
Result<bool> nothing_left(Engine& engine, const FollowPlan& plan) {
  if (plan.until && plan.after.at >= *plan.until) return true;
  if (plan.follow == Follow::live || !plan.awaited.empty()) return false;
  TRY_LET(slice, engine.entries(plan.user, plan.thread, plan.after.at, 1));
  return slice.entries.empty();
}

Result<Answer> events_answer(Front& front, EventsAsked asked) {
  Engine& engine = front.engine;
  if (asked.names_cursor) {
    TRY(engine.check_cursor(asked.plan.user, asked.plan.thread, asked.after));
  }
  if (asked.plan.follow == Follow::run) {
    TRY_LET(open, open_runs(engine, asked.plan));
    asked.plan.awaited = std::move(open);
  }
  if (asked.names_cursor) {
    TRY_LET(nothing, nothing_left(engine, asked.plan));
    if (nothing) {
      Response response;
      response.status = 204;
      return response;
    }
  }
  const Form form = asked.plan.framing.form;
  TRY_LET(follower, ThreadFollower::open(front.follow_parts(), std::move(asked.plan)));
  return StreamAnswer{std::move(follower), form};
}

}  // namespace

void follow_events(Front& front, Call call, Respond respond) {
  auto asked = read_events_call(call);
  if (!asked) return refuse(respond, asked.error());
  Result<Answer> answer = events_answer(front, std::move(*asked));
  if (!answer) return refuse(respond, answer.error());
  respond(std::move(*answer));
}

void follow_feed(Front& front, Call call, Respond respond) {
  Query query(call);
  std::optional<std::string> after = query.text("after");
  if (auto problem = query.problem()) return refuse(respond, *problem);
  const auto form = accepted_form(call.request, {Form::sse, Form::lines});
  if (!form) {
    return refuse(respond, make_problem(codes::not_acceptable,
                                        "The feed comes as text/event-stream or "
                                        "application/x-ndjson: accept one."));
  }
  const std::string* last = call.request.header("last-event-id");
  if (last != nullptr && !last->empty()) after = *last;
  if (after) {
    const auto known = front.engine.feed(call.user, *after, 1);
    if (!known) return refuse(respond, known.error());
  } else {
    const auto now = front.engine.threads(call.user, std::nullopt, 1);
    if (!now) return refuse(respond, now.error());
    after = now->cursor;
  }
  respond(StreamAnswer{std::make_unique<FeedFollower>(front.engine, call.user, std::move(*after),
                                                      Framing{*form, {}}),
                       *form});
}

}  // namespace lockstep
