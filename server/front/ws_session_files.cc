// SPDX-License-Identifier: Apache-2.0
// ws_session_files.cc: what a WebSocket does with the files inside its calls.
#include <utility>

#include "server/front/blob_door.h"
#include "server/front/claim_answer.h"
#include "server/front/ws_session.h"

namespace lockstep {
namespace {

std::unexpected<SocketFault> unstored(const std::string& id, Problem problem) {
  return std::unexpected(SocketFault{id, std::move(problem)});
}

}  // namespace

// The files inside a call become blobs before the next call is read: so calls keep their order.
void WsSession::store_files(std::expected<SocketCall, SocketFault> call) {
  auto* sync = call && !closing_ ? std::get_if<SocketSync>(&call->what) : nullptr;
  auto* steps = call && !closing_ ? std::get_if<SocketSteps>(&call->what) : nullptr;
  auto* claimed =
      call && !closing_ && front_.claims ? std::get_if<SocketClaimSteps>(&call->what) : nullptr;
  if (sync) {
    auto changes = std::exchange(sync->call.request.changes.changes, {});
    return store_data(front_.blob_door(), user_, std::move(changes),
                      alive_.guard([this, call = std::move(call)](Stored<Change> stored) mutable {
                        if (!stored) return was_read(unstored(call->id, std::move(stored.error())));
                        std::get<SocketSync>(call->what).call.request.changes.changes =
                            std::move(stored->things);
                        call->files = std::move(stored->files);
                        was_read(std::move(call));
                      }));
  }
  if (steps) {
    auto all = std::exchange(steps->batch.steps, {});
    return store_data(front_.blob_door(), user_, std::move(all),
                      alive_.guard([this, call = std::move(call)](Stored<Step> stored) mutable {
                        if (!stored) return was_read(unstored(call->id, std::move(stored.error())));
                        std::get<SocketSteps>(call->what).batch.steps = std::move(stored->things);
                        call->files = std::move(stored->files);
                        was_read(std::move(call));
                      }));
  }
  if (claimed) {
    auto all = std::exchange(claimed->steps, {});
    const ClaimsSteps of{claimed->claim, {user_, token_}};
    return store_claimed(front_, of, std::move(all),
                         alive_.guard([this, call = std::move(call)](Stored<Step> stored) mutable {
                           if (!stored)
                             return was_read(unstored(call->id, std::move(stored.error())));
                           std::get<SocketClaimSteps>(call->what).steps = std::move(stored->things);
                           call->files = std::move(stored->files);
                           was_read(std::move(call));
                         }));
  }
  was_read(std::move(call));
}

void WsSession::was_read(std::expected<SocketCall, SocketFault> call) {
  is_reading_ = false;
  reading_bytes_ = 0;
  if (!closing_) called(std::move(call));
  read_next();
}

}  // namespace lockstep
