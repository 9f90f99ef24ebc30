// SPDX-License-Identifier: Apache-2.0
#include "engine/rules/op_memory.h"

#include <algorithm>

#include "engine/base/codes.h"

namespace lockstep {
namespace {

Outcome refused(const Change& change, Code code, std::string detail) {
  Outcome outcome;
  outcome.op = change.op;
  outcome.type = type_of(change);
  outcome.applied = false;
  outcome.code = code;
  outcome.detail = std::move(detail);
  return outcome;
}

}  // namespace

OpMemory::OpMemory(const ThreadState& state, const ChangeRequest& request) {
  if (request.device) memory_ = state.devices.find({request.user, *request.device});
}

const Ack* OpMemory::find(Op op, std::span<const Ack> said) const {
  const auto is_op = [&](const Ack& ack) { return ack.outcome.op == op; };
  const auto just_now = std::ranges::find_if(said, is_op);
  if (just_now != said.end()) return &*just_now;
  if (!memory_) return nullptr;
  const auto known = std::ranges::find_if(memory_->acks, is_op);
  return known == memory_->acks.end() ? nullptr : &*known;
}

std::optional<Outcome> OpMemory::answer(const Change& change, std::span<const Ack> said) const {
  if (!change.op) return std::nullopt;
  if (const Ack* known = find(*change.op, said)) {
    if (known->content != change.content) {
      return refused(change, codes::op_reused, "this op was used for another change: use a new op");
    }
    Outcome again = known->outcome;
    MUST(!again.duplicate);
    again.duplicate = true;
    return again;
  }
  if (memory_ && !memory_->acks.empty() && *change.op < *memory_->acks.front().outcome.op) {
    return refused(change, codes::op_too_old,
                   "this op is older than all remembered ones: sync, and use a new op");
  }
  return std::nullopt;
}

std::vector<Outcome> known_outcomes(const ThreadState& state, const ChangeRequest& request) {
  const OpMemory memory(state, request);
  std::vector<Outcome> outcomes;
  for (const Change& change : request.changes) {
    std::optional<Outcome> known = memory.answer(change, {});
    if (known && known->duplicate) outcomes.push_back(std::move(*known));
  }
  return outcomes;
}

}  // namespace lockstep
