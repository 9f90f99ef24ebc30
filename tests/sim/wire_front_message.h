// SPDX-License-Identifier: Apache-2.0
// wire_front_message.h: the rules of docs/protocol.md for one message and its parts.
//
// The checks throw a Misfit. Only this file knows which fields of a part may grow, and how a digest
// is made.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace lockstep::sim {

void check_part(const boost::json::value& part);
void check_message(const boost::json::object& message);
// What the message says of its calls: in order, at most once each.
void check_notes(const boost::json::object& message);
// Parent, role and run of a message never change, nor when it was created.
void check_same(const boost::json::object& held, const boost::json::object& message);

// Whether the part has text that may grow: text, reasoning, a tool call's arguments.
[[nodiscard]] bool may_grow(const boost::json::object& part);
// The part becomes its first `at` units, then `text`. Throws a Misfit for a part that can't grow.
void write_part(boost::json::value& part, std::uint64_t at, std::string_view text);

// Of a message: 32 bytes, from the 32 of its parent (zeros for a root).
[[nodiscard]] std::string message_digest(std::string_view parent,
                                         const boost::json::object& message);

}  // namespace lockstep::sim
