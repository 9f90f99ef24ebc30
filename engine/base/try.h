// SPDX-License-Identifier: Apache-2.0
// try.h: hands an error on to the caller.
//
// Both macros return from the function that they stand in, which has to return a `Result` (or
// another std::expected that is made from an `Error`). There are no coroutines here, so a plain
// `return` is right everywhere.
//
//   TRY(sync(file));                 a call that gives no value
//   TRY_LET(bytes, read(file));      `bytes` is the value, for the rest of the scope
//
// TRY refuses a call that gives a value: the value could be a lock, and would be dropped at once.
#pragma once

#include <expected>
#include <type_traits>
#include <utility>

namespace lockstep::trying {

template <typename Outcome>
bool succeeded(const Outcome& outcome) {
  static_assert(std::is_void_v<typename Outcome::value_type>, "TRY drops this value: use TRY_LET");
  return outcome.has_value();
}

}  // namespace lockstep::trying

#define TRY(expression)                                                 \
  if (auto tried = (expression); !::lockstep::trying::succeeded(tried)) \
  return std::unexpected(std::move(tried).error())

// `name` is a reference into a variable of its own, so it may be moved from.
#define TRY_LET(name, expression)                                             \
  auto name##_tried = (expression);                                           \
  if (!name##_tried) return std::unexpected(std::move(name##_tried).error()); \
  [[maybe_unused]] auto& name = *name##_tried
