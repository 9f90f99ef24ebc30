// SPDX-License-Identifier: Apache-2.0
// oracle_words.h: small helpers that the oracle's files share.
#pragma once

#include <boost/json.hpp>

#include "tests/laws/oracle.h"

namespace lockstep::oracle {

// Must a person approve the calls of this tool, if this agent makes them? As in the stories.
[[nodiscard]] bool asks(const std::string& agent, const std::string& tool);
[[nodiscard]] std::string role_name(Role role);
[[nodiscard]] bool is_object(const std::u16string& wide);
[[nodiscard]] std::string opaque(const std::optional<Json>& json);
[[nodiscard]] Part part_of(const lockstep::Part& part);
[[nodiscard]] std::vector<std::string> repair_words(const std::vector<NotedRepair>& repairs);
[[nodiscard]] bool grows(const Part& part);
// Drops the opaque data and the notes of all that is not as it was in `former`.
void drop_beside(Message& message, const std::vector<Part>& former);
// To at most so many units, and never into a code point.
void shorten(std::u16string& text, std::size_t units);
// Of a text in which each code point is a cluster and ` ` the only white space, as in histories.
[[nodiscard]] std::u16string title_of(const std::u16string& text);

// --- Calls ---------------------------------------------------------------------------------------

struct CallOf {
  std::size_t message = 0;  // its place on the path
  std::string id;
  bool real = false;  // it has a real result
  bool made = false;  // it has one that the engine made
  std::size_t part = 0;
  std::size_t real_message = 0;  // where the real result stands
  std::size_t real_part = 0;
  std::size_t made_part = 0;  // of the made result, in the call's message
};
struct Matched {
  std::vector<CallOf> calls;
  std::vector<std::string> strays;  // the ids of the results that no open call takes
};
[[nodiscard]] Matched match(const std::vector<Message>& path);
[[nodiscard]] bool is_made(const Message& message, const Part& part);
// The code for a change that brings these results, if one is of a call that a person must approve,
// or has denied; empty: none is. `by`: does the change bring this message of the path? `former`:
// what it had before: a made result of then may stay.
[[nodiscard]] std::string unwanted(const std::vector<Message>& path,
                                   const std::function<bool(std::size_t)>& by,
                                   const std::vector<Part>& former = {});
// The code for a change that makes `after` of the path `before`; empty: no new result is a stray.
[[nodiscard]] std::string stray(const std::vector<Message>& before,
                                const std::vector<Message>& after);

}  // namespace lockstep::oracle
