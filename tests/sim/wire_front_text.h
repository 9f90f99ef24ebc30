// SPDX-License-Identifier: Apache-2.0
// wire_front_text.h: texts and JSON, by the rules of docs/protocol.md.
//
// Offsets on the wire count UTF-16 units and text is UTF-8, so a unit has to be turned into a byte
// before a cut; a unit inside a code point, or behind the end, is a violation.
#pragma once

#include <boost/json.hpp>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace lockstep::sim {

// A violation of the protocol; `what()` describes it. It leaves the front by `Taken::wrong`.
struct Misfit : std::runtime_error {
  using std::runtime_error::runtime_error;
};
inline void fits(bool condition, const std::string& otherwise) {
  if (!condition) throw Misfit(otherwise);
}

[[nodiscard]] std::uint64_t units_of(std::string_view text);
// The byte at which unit `unit` begins. Throws a Misfit if no code point begins or ends there.
[[nodiscard]] std::size_t byte_of_unit(std::string_view text, std::uint64_t unit);

// Sorted keys, no spaces: equal values have equal texts.
[[nodiscard]] std::string canonical(const boost::json::value& value);

// A field of an object from the wire. Throws a Misfit if it is not there, or of another kind.
[[nodiscard]] const boost::json::value& field(const boost::json::object& object,
                                              std::string_view name);
[[nodiscard]] std::string_view text_field(const boost::json::object& object, std::string_view name);
[[nodiscard]] std::uint64_t number_field(const boost::json::object& object, std::string_view name);
[[nodiscard]] const boost::json::array& list_field(const boost::json::object& object,
                                                   std::string_view name);
[[nodiscard]] const boost::json::object& object_of(const boost::json::value& value);
[[nodiscard]] std::string_view text_of(const boost::json::value& value);

[[nodiscard]] std::string hex(std::string_view bytes);
[[nodiscard]] std::string unhex(std::string_view digits);

}  // namespace lockstep::sim
