// SPDX-License-Identifier: Apache-2.0
// call_results.h: which result on a path belongs to which call.
//
// Calls and results name each other by an id that the model server made up. Some servers give one
// id to several calls of an answer, or give the ids of an earlier answer again. So a result belongs
// to the first open call with its id in the last message before it that has one.
//
// The engine makes a result itself for a call that will get no real one: models refuse a history
// with an open call. It stands in the call's message. A real result may still come, later on the
// path. Then it counts, and the made one does not. Of several calls of one id in a message, the
// made ones belong to those without a real one. A call that a person has denied has its result, so
// a real one belongs to another call of its id, and the result that tells the denial to this one.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/rules/event.h"

namespace lockstep {

// The contents of results that the engine makes.
inline constexpr std::string_view stopped_result = "stopped by the user";
inline constexpr std::string_view interrupted_result = "interrupted";
inline constexpr std::string_view missing_result = "no result";
inline constexpr std::string_view unapproved_result = "not approved by the user";
// Behind it a colon and the person's reason, if there is one.
inline constexpr std::string_view denied_result = "denied by the user";

// A part on a path, by the indexes of its message and within it.
struct PartPlace {
  std::size_t message = 0;
  std::size_t part = 0;
  friend bool operator==(const PartPlace&, const PartPlace&) = default;
};

struct CallResult {
  PartPlace call;
  std::optional<PartPlace> result{};
  bool made = false;                    // the engine made `result`
  std::optional<PartPlace> replaced{};  // a made result, for which the real one stands in `result`
};

struct CallResults {
  std::vector<CallResult> calls;  // of assistants' messages, in the order of the path
  std::vector<PartPlace> strays;  // results without an open call before them: real ones, made ones
};

// Linear in the parts of the path. Null messages are not allowed.
[[nodiscard]] CallResults match_results(std::span<const Message* const> path);

// Did the engine make this result? It has a mark. In a store of a format before 3 it has none, but
// stands in a run's answer, behind its call, with one of the contents above.
[[nodiscard]] bool is_made_result(const Message& message, const ToolResultPart& part);

// What is noted of the call in this part; null: nothing.
[[nodiscard]] const CallNote* note_of(const Message& message, std::size_t part);

// A result that no open call takes.
struct StrayResult {
  std::string call;
  bool answered = false;  // its calls have their results; false: the path has no such call
};
// The first result that a path gets by a change, and that no open call on the path takes. A front
// may put a made result again, with the message of its call; else it is a stray too.
// `before`: the path without the change; `after`: with it.
[[nodiscard]] std::optional<StrayResult> new_stray(std::span<const Message* const> before,
                                                   std::span<const Message* const> after);

}  // namespace lockstep
