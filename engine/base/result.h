// SPDX-License-Identifier: Apache-2.0
// result.h: how a call reports a failure.
//
// There are three kinds of failure. A bug of ours is a MUST (must.h). A failure that the caller has
// to react to is an `Error` in a `Result`. A change that the rules refuse is neither: its refusal
// is an `Outcome`, a value like any other (event.h).
//
// `Kind` says what the caller may do. `code` is a stable snake-case name, which the server sends
// unchanged. `detail` is a sentence for a person: what happened, and what to do next.
#pragma once

#include <expected>
#include <functional>
#include <string>
#include <utility>

#include "engine/base/codes.h"

namespace lockstep {

enum class Kind {
  rejected,     // the request is wrong: tell the user
  not_found,    // what the request names does not exist: tell the user
  gone,         // it existed, and is deleted for ever
  conflict,     // the thread has moved on: read on, decide again
  overloaded,   // a limit is reached: retry later
  unavailable,  // retry with backoff
  corrupt,      // stored bytes are damaged: stop, and tell the operator
};

struct Error {
  Kind kind = Kind::rejected;
  std::string code;
  std::string detail;
  friend bool operator==(const Error&, const Error&) = default;
};

template <class T>
using Result = std::expected<T, Error>;

// Called once, on the caller's strand.
template <class T>
struct DoneOf {
  using type = std::move_only_function<void(T)>;
};
template <>
struct DoneOf<void> {
  using type = std::move_only_function<void()>;
};
template <class T>
using Done = typename DoneOf<T>::type;

[[nodiscard]] inline std::unexpected<Error> fail(Kind kind, Code code, std::string detail) {
  return std::unexpected(Error{kind, code, std::move(detail)});
}

}  // namespace lockstep
