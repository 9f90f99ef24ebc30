// SPDX-License-Identifier: Apache-2.0
// limits.h: what a JSON text may cost whoever reads it.
//
// A text of a few megabytes can hold millions of values, and each costs memory and time beyond its
// bytes. These are the bounds of a text from outside; the reader refuses it at the value that goes
// beyond one, without reading the rest.
#pragma once

#include <cstddef>

namespace lockstep::limits {

// Of an object. The protocol's own have some 20; a token bias among a run's parameters, or metadata
// of 64 KiB, has some thousands.
inline constexpr std::size_t json_members_max = 8'192;
// Of an array. The protocol's own have 4,096 (steps, shown lengths); a table of numbers in a data
// part is the longest that is of use.
inline constexpr std::size_t json_elements_max = 131'072;
// Of a text: values and names together. A node costs 16 bytes, so all of them 4 MiB.
inline constexpr std::size_t json_nodes_max = 262'144;
// Of arrays and objects in one another, where the text is not a request of the protocol: what
// models write, and settings.
inline constexpr std::size_t json_depth_max = 128;
// A name is shown in paths and compared with others.
inline constexpr std::size_t json_name_bytes_max = 4'096;

// Up to so many members, names are compared each with each; beyond it they are sorted.
inline constexpr std::size_t json_members_compared = 16;

}  // namespace lockstep::limits
