// SPDX-License-Identifier: Apache-2.0
#include <functional>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "engine/base/codes.h"
#include "engine/base/limits.h"
#include "schema/json/json_text.h"
#include "server/base/limits.h"
#include "server/codec/json_read.h"
#include "server/codec/json_write.h"
#include "server/front/blob_door.h"
#include "server/front/body_read.h"
#include "server/front/call.h"
#include "server/front/compose_apart.h"
#include "server/front/handlers.h"
#include "server/front/json_answer.h"
#include "server/front/run_past.h"

namespace lockstep {
namespace {

constexpr std::uint64_t ts_max = std::numeric_limits<std::int64_t>::max();

std::optional<Problem> check_json(const Request& request) {
  if (accepted_form(request, {Form::json})) return std::nullopt;
  return make_problem(codes::not_acceptable,
                      "This path answers with application/json only: accept it.");
}

std::uint32_t read_limit(Query& query) {
  const auto limit = query.number("limit", limits::list_max, 1);
  return static_cast<std::uint32_t>(limit.value_or(limits::list_default));
}

// The beginning of an object: `text`, then a list of messages as the member `name`.
JsonPieces listing(std::string text, std::string_view name, std::vector<SharedMessage> messages) {
  append_name(text, name);
  JsonPieces pieces;
  pieces.add(text += '[');
  pieces.add(std::move(messages));
  return pieces;
}

// A run as it is now. What it waits for is no event: only a reader of the run is told.
void append_present_run(std::string& out, const Front& front, const ThreadName& thread,
                        const Run& run) {
  append_run(out, run);
  if (run.status != RunStatus::running) return;
  const bool slot = front.waits_for_slot && front.waits_for_slot(thread, run.id);
  const bool worker = front.claims && front.claims->waits(thread, run.id);
  if (!slot && !worker) return;
  out.pop_back();
  append_field(out, "waiting_for", slot ? "slot" : "worker");
  out += '}';
}

// Into the object of the run.
void append_former(std::string& out, const std::vector<FormerAgent>& former) {
  if (former.empty()) return;
  out.pop_back();
  append_name(out, "former");
  append_array(out, former, [](std::string& to, const FormerAgent& one) {
    to += '{';
    append_field(to, "agent", one.agent.get());
    append_error(to, one.error);
    to += '}';
  });
  out += '}';
}

JsonPieces pieces_of(const Front& front, const ThreadName& name, ThreadAt shown) {
  std::string text = "{";
  if (shown.thread) {
    append_name(text, "thread");
    append_thread(text, *shown.thread);
  }
  JsonPieces pieces = listing(std::move(text), "messages", std::move(shown.messages));
  std::string rest(1, ']');
  append_name(rest, "runs");
  append_array(rest, shown.runs, [&](std::string& out, const Run& run) {
    append_present_run(out, front, name, run);
  });
  append_field(rest, "cursor", to_string(shown.cursor));
  if (shown.digest) append_field(rest, "digest", to_hex(*shown.digest));
  pieces.add(rest += '}');
  return pieces;
}

// `json_answer` charges the memory account for the request until the reader has it.
JsonPieces pieces_of(std::vector<SharedMessage> path, const std::string& settings,
                     const ComposedRun& composed) {
  const Sent& sent = composed.sent;
  JsonPieces pieces = listing("{", "path", std::move(path));
  std::string body(1, ']');
  append_field_json(body, "sent", composed.whole ? std::string_view(sent.body) : "null");
  append_name(body, "repairs");
  append_array(body, sent.repairs, append_repair);
  append_field_json(body, "settings", settings.empty() ? "null" : std::string_view(settings));
  pieces.add(body += '}');
  return pieces;
}

struct Writer {
  UserId user;
  ThreadName thread;
  std::shared_ptr<const void> files;  // what its steps have brought
};

void write_batch(Front& front, Writer writer, StepBatch batch, Respond respond) {
  front.engine.write(writer.user, writer.thread, std::move(batch),
                     [&front, files = std::move(writer.files), respond = std::move(respond)](
                         std::expected<StepAck, StepRefusal> ack) mutable {
                       if (!ack)
                         return refuse(respond, problem_of(ack.error(), front.engine.epoch()));
                       std::string body = "{";
                       append_field_number(body, "seq", ack->seq);
                       append_field_number(body, "ts", ack->at.get());
                       respond(json_response(body += '}'));
                     });
}

}  // namespace

void get_thread(Front& front, Call call, Respond respond) {
  Query query(call);
  const auto at = query.number("at", ts_max);
  if (auto problem = query.problem()) return refuse(respond, *problem);
  if (auto problem = check_json(call.request)) return refuse(respond, *problem);
  auto found = front.engine.thread_at(call.user, thread_of(call),
                                      at ? std::optional(Timestamp(*at)) : std::nullopt);
  if (!found) return refuse(respond, found.error());
  respond(json_answer(front, pieces_of(front, thread_of(call), std::move(*found))));
}

void get_messages(Front& front, Call call, Respond respond) {
  Query query(call);
  const auto before = query.message("before");
  const auto at = query.cursor("at");
  const std::uint32_t limit = read_limit(query);
  const bool opaque = query.flag("opaque");
  if (auto problem = query.problem()) return refuse(respond, *problem);
  if (!before)
    return refuse(respond, make_problem(codes::invalid, "`before` is missing: add it to the query.",
                                        "?before"));
  auto page = front.engine.messages(call.user, thread_of(call), {*before, limit, at});
  if (!page) return refuse(respond, page.error());
  JsonPieces pieces = listing("{", "messages", std::move(page->messages));
  std::string body(1, ']');
  append_field_flag(body, "older", page->older);
  pieces.add(body += '}');
  if (opaque) pieces.show_opaque();
  respond(json_answer(front, std::move(pieces)));
}

void get_run(Front& front, Call call, Respond respond) {
  Query query(call);
  if (auto problem = query.problem()) return refuse(respond, *problem);
  const auto run = front.engine.run(call.user, thread_of(call), RunId(call.names[1]));
  if (!run) return refuse(respond, run.error());
  std::string body;
  append_present_run(body, front, thread_of(call), *run);
  append_former(body, former_agents(front, call.user, thread_of(call), *run));
  respond(json_response(std::move(body)));
}

void get_context(Front& front, Call call, Respond respond) {
  Query query(call);
  const bool opaque = query.flag("opaque");
  if (auto problem = query.problem()) return refuse(respond, *problem);
  auto run = front.engine.context(call.user, thread_of(call), RunId(call.names[1]));
  if (!run) return refuse(respond, run.error());
  auto agent = front.find_agent ? front.find_agent(run->agent) : nullptr;
  compose_apart(front, std::move(agent), std::move(run->context),
                [&front, opaque, path = std::move(run->path),
                 respond = std::move(respond)](const ComposedRun& made) mutable {
                  JsonPieces pieces = pieces_of(std::move(path), made.context.settings, made);
                  if (opaque) pieces.show_opaque();
                  respond(json_answer(front, std::move(pieces)));
                });
}

void list_threads(Front& front, Call call, Respond respond) {
  Query query(call);
  auto before = query.text("before");
  const std::uint32_t limit = read_limit(query);
  if (auto problem = query.problem()) return refuse(respond, *problem);
  const auto page = front.engine.threads(call.user, std::move(before), limit);
  if (!page) return refuse(respond, page.error());
  std::string body = "{";
  append_name(body, "threads");
  append_array(body, page->threads, append_thread);
  if (page->next) append_field(body, "next", *page->next);
  append_field(body, "cursor", page->cursor);
  JsonPieces pieces;
  pieces.add(body += '}');
  respond(json_answer(front, std::move(pieces)));
}

void delete_thread(Front& front, Call call, Respond respond) {
  Query query(call);
  if (auto problem = query.problem()) return refuse(respond, *problem);
  front.engine.erase(call.user, thread_of(call),
                     [respond = std::move(respond)](Result<void> done) mutable {
                       if (!done) return refuse(respond, done.error());
                       Response response;
                       response.status = 204;
                       respond(std::move(response));
                     });
}

void note_unread_steps(Front& front, const Call& call, const Problem& problem) {
  Query query(call);
  const auto attempt = query.number("attempt", std::numeric_limits<std::uint32_t>::max());
  if (!attempt || query.problem()) return;
  StepBatch batch{RunId(call.names[1]), static_cast<std::uint32_t>(*attempt), {}};
  batch.unread = Error{Kind::rejected, problem.code, problem.detail};
  front.engine.write(call.user, thread_of(call), std::move(batch),
                     [](const std::expected<StepAck, StepRefusal>& /*the writer was told*/) {});
}

namespace {

struct StepsCall {
  Call call;
  std::uint32_t attempt = 0;
};

// Makes blobs of the steps' `data:` addresses, then writes them.
void store_steps(Front& front, StepsCall to, std::vector<Step> steps, Respond respond) {
  const UserId user = to.call.user;
  store_data(
      front.blob_door(), user, std::move(steps),
      [&front, to = std::move(to), respond = std::move(respond)](Stored<Step> stored) mutable {
        if (!stored) {
          note_unread_steps(front, to.call, stored.error());
          return refuse(respond, stored.error());
        }
        write_batch(front, {to.call.user, thread_of(to.call), std::move(stored->files)},
                    {RunId(to.call.names[1]), to.attempt, std::move(stored->things)},
                    std::move(respond));
      });
}

}  // namespace

void write_steps(Front& front, Call call, Respond respond) {
  Query query(call);
  const auto attempt = query.number("attempt", std::numeric_limits<std::uint32_t>::max());
  if (auto problem = query.problem()) return refuse(respond, *problem);
  if (!attempt) {
    return refuse(respond, make_problem(codes::invalid,
                                        "`attempt` is missing: add it to the query.", "?attempt"));
  }
  std::string body = std::move(call.request.body);
  read_body(front, std::move(body), read_steps,
            [&front, attempt = static_cast<std::uint32_t>(*attempt), call = std::move(call),
             respond = std::move(respond)](Read<std::vector<Step>> steps) mutable {
              if (auto problem = refused_since(front, {call.user, call.token})) {
                return refuse(respond, *problem);
              }
              if (!steps) {
                note_unread_steps(front, call, steps.error());
                return refuse(respond, steps.error());
              }
              store_steps(front, {std::move(call), attempt}, std::move(*steps), std::move(respond));
            });
}

}  // namespace lockstep
