// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "engine/base/codes.h"
#include "engine/base/try.h"
#include "engine/rules/blob_names.h"
#include "schema/json/json_text.h"
#include "server/front/body_read.h"
#include "server/front/call.h"
#include "server/front/claim_answer.h"
#include "server/front/compose_apart.h"
#include "server/front/handlers.h"
#include "server/front/json_answer.h"

namespace lockstep {

std::function<bool(const AgentName& agent)> may_claim(const Front& front, Caller caller) {
  return [&front, caller = std::move(caller)](const AgentName& agent) {
    return front.auth.may_claim(caller, agent);
  };
}

std::optional<Problem> forbidden_agent(const Front& front, const Caller& caller,
                                       const ClaimAsked& asked) {
  const auto may = may_claim(front, caller);
  const auto other = std::ranges::find_if_not(asked.agents, may);
  if (other == asked.agents.end()) return std::nullopt;
  return make_problem(codes::forbidden,
                      "This token may not claim runs of agent " + other->get() +
                          ": make one with `--produce " + other->get() + "`.",
                      "agents");
}

Problem no_workers() {
  return make_problem(codes::not_found, "This server has no runs for workers.");
}

std::function<std::optional<Error>()> claim_refusal(const Front& front, Caller caller,
                                                    const ClaimAsked& asked) {
  ClaimAsked claim;
  claim.agents = asked.agents;
  return [&front, caller = std::move(caller), claim = std::move(claim)]() -> std::optional<Error> {
    std::optional<Problem> problem = forbidden_agent(front, caller, claim);
    if (!front.auth.allows(caller)) problem = revoked();
    if (!problem) return std::nullopt;
    return Error{Kind::rejected, problem->code, problem->detail};
  };
}

namespace {

// The blobs that a claim names: those of its path, and of what its run has written so far.
void add_blobs(BlobSet& blobs, const std::vector<SharedMessage>& messages) {
  for (const SharedMessage& message : messages) {
    for (const Part& part : message->parts) {
      const auto* file = std::get_if<FilePart>(&part);
      const auto hash = file ? BlobHash::of_uri(file->uri) : std::nullopt;
      if (hash) blobs.insert(*hash);
    }
  }
}

// Where the worker reads them.
void append_files(std::string& out, const std::string& claim, const BlobSet& blobs) {
  append_name(out, "files");
  append_array(out, blobs, [&claim](std::string& to, const BlobHash& hash) {
    to += '{';
    append_field(to, "uri", hash.uri());
    append_field(to, "url", "/v1/claims/" + claim + "/blobs/" + hash.text());
    to += '}';
  });
}

struct BegunClaim {
  JsonPieces pieces;  // up to the path
  BlobSet blobs;      // of the path
};

// Behind the path. The worker goes on behind what `written` has, at `cursor`.
Result<JsonPieces> rest_of_claim(Front& front, const Claimed& claimed, const ComposedRun& composed,
                                 BegunClaim begun) {
  auto& [pieces, blobs] = begun;
  TRY_LET(thread, front.engine.thread_at(std::nullopt, claimed.thread, std::nullopt));
  std::erase_if(thread.messages,
                [&](const SharedMessage& message) { return message->run != claimed.run; });
  add_blobs(blobs, thread.messages);
  std::string rest(1, ']');
  append_field_json(rest, "sent", composed.whole ? std::string_view(composed.sent.body) : "null");
  append_files(rest, claimed.claim, blobs);
  pieces.add(rest += "},\"written\":[");
  pieces.add(std::move(thread.messages));
  std::string end(1, ']');
  append_field(end, "cursor", to_string(thread.cursor));
  pieces.add(end += '}');
  pieces.show_opaque();  // its writer has noted it
  return std::move(pieces);
}

}  // namespace

void claim_pieces(Front& front, Claimed claimed, std::string begin, ClaimAnswered done) {
  auto run = front.engine.context(std::nullopt, claimed.thread, claimed.run);
  if (!run) return done(std::unexpected(run.error()));
  append_field(begin, "claim", claimed.claim);
  append_field(begin, "user", claimed.thread.owner.get());
  append_field(begin, "thread", claimed.thread.id.get());
  append_field(begin, "run", claimed.run.get());
  append_field(begin, "agent", run->agent.get());
  append_field_number(begin, "attempt", claimed.attempt);
  append_field_number(begin, "lease_until", claimed.lease_until.get());
  append_name(begin, "context");
  BegunClaim begun;
  add_blobs(begun.blobs, run->path);
  begun.pieces.add(begin += "{\"path\":[");
  begun.pieces.add(std::move(run->path));
  auto agent = front.find_agent ? front.find_agent(run->agent) : nullptr;
  compose_without_files(front, std::move(agent), std::move(run->context),
                        [&front, claimed = std::move(claimed), begun = std::move(begun),
                         done = std::move(done)](const ComposedRun& composed) mutable {
                          done(rest_of_claim(front, claimed, composed, std::move(begun)));
                        });
}

namespace {

// The blobs that a worker of this run may name and read.
Result<BlobSet> blobs_of_claim(Front& front, const ClaimedRun& claimed) {
  TRY_LET(context, front.engine.context(std::nullopt, claimed.thread, claimed.run));
  TRY_LET(present, front.engine.thread_at(std::nullopt, claimed.thread, std::nullopt));
  std::erase_if(present.messages,
                [&](const SharedMessage& message) { return message->run != claimed.run; });
  BlobSet blobs;
  add_blobs(blobs, context.path);
  add_blobs(blobs, present.messages);
  return blobs;
}

// A worker that may name any blob of its user could ask so which ones there are, and read them.
std::optional<Problem> names_others(Front& front, const ClaimedRun& claimed,
                                    const std::vector<Step>& steps) {
  BlobSet named;
  for (const Step& step : steps) {
    each_file(step, [&named](const FilePart& file) {
      if (const auto hash = BlobHash::of_uri(file.uri)) named.insert(*hash);
    });
  }
  if (named.empty()) return {};
  const auto known = blobs_of_claim(front, claimed);
  if (!known) return problem_of(known.error());
  for (const BlobHash& hash : named) {
    if (known->contains(hash)) continue;
    return make_problem(codes::unknown_blob, "The claim names no " + hash.uri() +
                                                 ": write the file's bytes as a `data:` address.");
  }
  return {};
}

}  // namespace

std::expected<BlobOwner, Problem> claimed_blob(Front& front, const ClaimsSteps& of,
                                               const std::string& name) {
  const auto claimed = front.claims->run_of(of.claim, may_claim(front, of.caller));
  if (!claimed) return std::unexpected(problem_of(claimed.error(), front.engine.epoch()));
  const auto blobs = blobs_of_claim(front, *claimed);
  if (!blobs) return std::unexpected(problem_of(blobs.error()));
  const auto hash = BlobHash::parse(name);
  const bool named = hash && blobs->contains(*hash);
  return BlobOwner{claimed->thread.owner, named ? hash : std::nullopt};
}

std::string claimed_ack(const ClaimedAck& ack, std::string begin) {
  append_field_number(begin, "seq", ack.ack.seq);
  append_field_number(begin, "ts", ack.ack.at.get());
  append_field_number(begin, "lease_until", ack.lease_until.get());
  return begin += '}';
}

namespace {

void claim(Front& front, const Call& call, ClaimAsked asked, Respond respond) {
  const Caller caller{call.user, call.token};
  if (auto problem = refused_since(front, caller)) return refuse(respond, *problem);
  if (!front.claims) return refuse(respond, no_workers());
  if (auto problem = forbidden_agent(front, caller, asked)) return refuse(respond, *problem);
  std::function<bool()> wanted = [client = call.client] { return client && !client->ended(); };
  auto refusal = claim_refusal(front, caller, asked);
  front.claims->claim(
      {std::move(asked), std::move(wanted), std::move(refusal),
       [&front, respond = std::move(respond)](Result<std::optional<Claimed>> claimed) mutable {
         if (!claimed) return refuse(respond, claimed.error());
         if (!*claimed) {
           Response response;
           response.status = 204;
           return respond(std::move(response));
         }
         claim_pieces(front, std::move(**claimed), "{",
                      [&front, respond = std::move(respond)](Result<JsonPieces> pieces) mutable {
                        if (!pieces) return refuse(respond, pieces.error());
                        respond(json_answer_to_changes(front, std::move(*pieces)));
                      });
       }});
}

}  // namespace

void claim_run(Front& front, Call call, Respond respond) {
  Query query(call);
  if (auto problem = query.problem()) return refuse(respond, *problem);
  std::string body = std::move(call.request.body);
  read_body(front, std::move(body), read_claim,
            [&front, call = std::move(call),
             respond = std::move(respond)](Read<ClaimAsked> asked) mutable {
              if (!asked) return refuse(respond, asked.error());
              claim(front, call, std::move(*asked), std::move(respond));
            });
}

void note_unread_claimed(Front& front, const Call& call, const Problem& problem) {
  if (!front.claims) return;
  front.claims->write({call.names[0],
                       may_claim(front, {call.user, call.token}),
                       {},
                       Error{Kind::rejected, problem.code, problem.detail}},
                      [](const std::expected<ClaimedAck, StepRefusal>& /*the writer was told*/) {});
}

namespace {

void write(Front& front, const Call& call, WithFiles<Step> steps, Respond respond) {
  front.claims->write(
      {call.names[0], may_claim(front, {call.user, call.token}), std::move(steps.things)},
      [&front, files = std::move(steps.files),
       respond = std::move(respond)](std::expected<ClaimedAck, StepRefusal> ack) mutable {
        if (!ack) return refuse(respond, problem_of(ack.error(), front.engine.epoch()));
        respond(json_response(claimed_ack(*ack, "{")));
      });
}

// Makes blobs of the steps' files, for the user of the run. Meanwhile the token may be revoked.
void store_and_write(Front& front, Call call, std::vector<Step> steps, Respond respond) {
  const ClaimsSteps of{call.names[0], {call.user, call.token}};
  store_claimed(
      front, of, std::move(steps),
      [&front, call = std::move(call), respond = std::move(respond)](Stored<Step> stored) mutable {
        const Caller caller{call.user, call.token};
        if (auto problem = refused_since(front, caller)) return refuse(respond, *problem);
        if (!stored) {
          note_unread_claimed(front, call, stored.error());
          return refuse(respond, stored.error());
        }
        write(front, call, std::move(*stored), std::move(respond));
      });
}

}  // namespace

void store_claimed(Front& front, const ClaimsSteps& of, std::vector<Step> steps,
                   std::move_only_function<void(Stored<Step>)> then) {
  // A claim that is over is refused with its reason when the steps are written.
  const auto run = front.claims->run_of(of.claim, may_claim(front, of.caller));
  if (!run) return then(WithFiles<Step>{std::move(steps)});
  if (auto problem = names_others(front, *run, steps)) return then(std::unexpected(*problem));
  store_data(front.blob_door(), run->thread.owner, std::move(steps), std::move(then));
}

void write_claimed(Front& front, Call call, Respond respond) {
  Query query(call);
  if (auto problem = query.problem()) return refuse(respond, *problem);
  if (!front.claims) return refuse(respond, no_workers());
  std::string body = std::move(call.request.body);
  read_body(front, std::move(body), read_claimed_steps,
            [&front, call = std::move(call),
             respond = std::move(respond)](Read<std::vector<Step>> steps) mutable {
              const Caller caller{call.user, call.token};
              if (auto problem = refused_since(front, caller)) return refuse(respond, *problem);
              if (!steps) {
                note_unread_claimed(front, call, steps.error());
                return refuse(respond, steps.error());
              }
              store_and_write(front, std::move(call), std::move(*steps), std::move(respond));
            });
}

}  // namespace lockstep
