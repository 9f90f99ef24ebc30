// SPDX-License-Identifier: Apache-2.0
// result.h: how a call says that it could not.
//
// Three kinds of trouble, three tools. A bug of ours is a MUST (must.h). What the caller has to
// choose about is an `Error` in a `Result`. What a front did that the rules forbid is neither: it
// is an outcome, a value like any other (change.h).
//
// `Kind` says what the caller may do; `code` is the stable snake-case name that goes to the wire as
// it is, and `detail` is a sentence for a person.
#pragma once

#include <expected>
#include <functional>
#include <string>
#include <utility>

namespace lockstep {

enum class Kind {
  rejected,     // the request is wrong: tell the user
  not_found,    // so is what it names
  gone,         // it was there, and is deleted for ever
  conflict,     // the world has moved on: read on, decide again
  overloaded,   // a limit is reached: later
  unavailable,  // retry with backoff
  corrupt,      // stop, and ask a person
};

struct Error {
  Kind kind = Kind::rejected;
  std::string code;
  std::string detail;
  friend bool operator==(const Error&, const Error&) = default;
};

template <class T>
using Result = std::expected<T, Error>;

// Called once, on the strand of the one who asked.
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

[[nodiscard]] inline std::unexpected<Error> fail(Kind kind, std::string code, std::string detail) {
  return std::unexpected(Error{kind, std::move(code), std::move(detail)});
}

}  // namespace lockstep
