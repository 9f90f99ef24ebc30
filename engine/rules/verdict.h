// SPDX-License-Identifier: Apache-2.0
// verdict.h: is a change applied, and if not, why?
//
// The rules of changes give one each (decide.cc, call_check.h). A refusal becomes the outcome of
// the change.
#pragma once

#include <expected>
#include <string>
#include <utility>

#include "engine/base/codes.h"

namespace lockstep {

// Why a change is refused. The codes are the protocol's.
struct Refusal {
  std::string code;
  std::string detail;
};
using Verdict = std::expected<void, Refusal>;

[[nodiscard]] inline std::unexpected<Refusal> refuse(Code code, std::string detail) {
  return std::unexpected(Refusal{code, std::move(detail)});
}

}  // namespace lockstep
