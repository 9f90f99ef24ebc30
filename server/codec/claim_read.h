// SPDX-License-Identifier: Apache-2.0
// claim_read.h: the fields of a claim, in a body and in a message of a socket.
//
// Only the readers of requests include it.
#pragma once

#include "engine/base/limits.h"
#include "server/codec/object_read.h"
#include "server/codec/sync_codec.h"

namespace lockstep {

[[nodiscard]] ClaimAsked read_claim_fields(Object& object);

}  // namespace lockstep
