// SPDX-License-Identifier: Apache-2.0
// ws_claims.cc: a worker's side of a socket.
//
// A claim is a channel without a stream until a run comes: its id can be cancelled.
#include <limits>
#include <memory>
#include <utility>

#include "engine/base/codes.h"
#include "schema/json/json_text.h"
#include "server/front/claim_answer.h"
#include "server/front/ws_session.h"

namespace lockstep {

// May this token make such a call? If not, this sends the refusal.
bool WsSession::may_call(const SocketCall& call) {
  const bool of_worker = std::holds_alternative<SocketClaim>(call.what) ||
                         std::holds_alternative<SocketClaimSteps>(call.what);
  if (of_worker && !front_.claims) {
    refuse(call.id, no_workers());
    return false;
  }
  if (!front_.auth.needs_tokens() || std::holds_alternative<SocketCancel>(call.what)) return true;
  const Token* worker = front_.auth.worker({user_, token_});
  if (of_worker == (worker != nullptr)) return true;
  const std::string why =
      worker ? "The token `" + worker->name + "` is a worker's: it claims runs, and nothing else."
             : "Only a worker's token may claim runs: make one with `lockstep token create NAME "
               "--produce AGENT`.";
  refuse(call.id, make_problem(codes::forbidden, why));
  return false;
}

void WsSession::claim(const std::string& id, SocketClaim call) {
  if (auto problem = forbidden_agent(front_, {user_, token_}, call.asked)) {
    return refuse(id, *problem);
  }
  if (!try_open(id)) return;
  const auto wanted = [this, id, watch = alive_.watch()] {
    return !watch.ended() && !closing_ && channels_.contains(id);
  };
  auto refusal = claim_refusal(front_, {user_, token_}, call.asked);
  channels_.at(id).claim = front_.claims->claim(
      {std::move(call.asked), wanted, std::move(refusal),
       alive_.guard([this, id](Result<std::optional<Claimed>> result) { claimed(id, result); })});
}

void WsSession::claimed(const std::string& id, const Result<std::optional<Claimed>>& result) {
  const auto found = channels_.find(id);
  if (found == channels_.end()) return;
  found->second.claim.reset();
  drop(id);
  if (!result) return refuse(id, problem_of(result.error()));
  std::string frame = "{";
  append_field(frame, "frame", "claim");
  if (!*result) {
    append_field_json(frame, "claim", "null");
    return reply(id, frame += '}');
  }
  ++unanswered_;
  claim_pieces(front_, **result, std::move(frame),
               alive_.guard([this, id](Result<JsonPieces> made) {
                 if (made) return write_claim(id, std::move(*made));
                 --unanswered_;
                 refuse(id, problem_of(made.error()));
               }));
}

// The frame is one text, and may be long: another thread writes it.
void WsSession::write_claim(const std::string& id, JsonPieces pieces) {
  struct Work {
    JsonPieces pieces;
    std::string frame{};
  };
  const auto work = std::make_shared<Work>(Work{std::move(pieces)});
  front_.background.offload(
      [work] {
        while (!work->pieces.next(work->frame, std::numeric_limits<std::uint32_t>::max())) {
        }
      },
      alive_.guard([this, id, work] {
        --unanswered_;
        reply(id, work->frame);
        throttle();
      }));
}

void WsSession::write_claimed(const std::string& id, SocketClaimSteps call, Files files) {
  ++unanswered_;
  front_.claims->write(
      {std::move(call.claim), may_claim(front_, {user_, token_}), std::move(call.steps)},
      alive_.guard(
          [this, id, files = std::move(files)](std::expected<ClaimedAck, StepRefusal> ack) {
            --unanswered_;
            throttle();
            if (!ack) return refuse(id, problem_of(ack.error(), front_.engine.epoch()));
            std::string frame = "{";
            append_field(frame, "frame", "steps");
            reply(id, claimed_ack(*ack, std::move(frame)));
          }));
}

}  // namespace lockstep
