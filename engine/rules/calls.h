// SPDX-License-Identifier: Apache-2.0
// calls.h: what stands beside a tool call: whether a person must agree, and who waits for answers.
//
// A call is a part of an answer, and its result is a part behind it (call_results.h). Between the
// two a person may have to decide, or a program is at work. These are facts about the part, so
// every device and the model's next input agree on them:
//
//   asked             there is no note and no result: whoever can may answer
//   needs_approval    a person must decide first; a result is refused until then
//   approved, denied  a person has decided: the first decision counts. A denial brings a result,
//                     made by the engine, that tells the model the reason
//   running           somebody works on it, so that two devices do not run one tool
//   answered, failed  a real result is there, `failed` if it says so
//   expired           a run waited for answers, and its time was over (Resume::why)
//
// A run may ask to be resumed when its calls are answered. It ends, so that none is open while
// people think; `Resume` tells how the waiting went.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/ids.h"

namespace lockstep {

enum class CallStatus : std::uint8_t { needs_approval, approved, denied, running };

// As digests and the protocol name it.
[[nodiscard]] std::string_view name_of(CallStatus status);

// The state of the call in this part of a message.
struct CallNote {
  std::uint32_t part = 0;
  CallStatus status = CallStatus::needs_approval;
  std::string reason{};  // of the person, at most `limits::call_reason_bytes_max` bytes
  friend bool operator==(const CallNote&, const CallNote&) = default;
};

enum class ResumeStatus : std::uint8_t {
  asked,     // the run has not ended with open calls
  waiting,   // for the results of its calls
  resumed,   // by the run `next`
  given_up,  // `why` tells the reason
};

struct Resume {
  ResumeStatus status = ResumeStatus::asked;
  Timestamp until{};            // while it waits: answers that come later start nothing
  std::optional<RunId> next{};  // once it is resumed
  std::string why{};  // given up: moved_on, head_left, expired, stopped, too_many, no_agent, taken
  friend bool operator==(const Resume&, const Resume&) = default;
};

}  // namespace lockstep
