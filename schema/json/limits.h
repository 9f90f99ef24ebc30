// SPDX-License-Identifier: Apache-2.0
// limits.h: bounds on the memory and time that a JSON text from outside may cost.
//
// A text of a few megabytes can hold millions of values, and each costs memory and time beyond its
// bytes. The reader refuses a text at the first value beyond a bound, and does not read the rest.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lockstep::limits {

// Of an object. The protocol's own objects have some 20; a token bias among a run's parameters, or
// metadata of 64 KiB, has some thousands.
inline constexpr std::size_t json_members_max = 8'192;
// Of an array. The protocol's own arrays have up to 4,096 (steps, shown lengths); a table of
// numbers in a data part is the longest useful one.
inline constexpr std::size_t json_elements_max = 131'072;
// Of a text: values and names together. A node costs 16 bytes, so all of them 4 MiB.
inline constexpr std::size_t json_nodes_max = 262'144;
// Of arrays and objects in one another, in texts that are not requests of the protocol: models'
// output, and settings.
inline constexpr std::size_t json_depth_max = 128;
// A name is shown in paths and compared with others.
inline constexpr std::size_t json_name_bytes_max = 4'096;

// Up to so many members, names are compared each with each; beyond it they are sorted.
inline constexpr std::size_t json_members_compared = 16;

static_assert(2 * json_members_max <= json_nodes_max && json_elements_max < json_nodes_max,
              "the largest object and the largest array fit into a text");
static_assert(json_nodes_max <= UINT32_MAX, "a node's place is a 32-bit number");
static_assert(json_members_compared < json_members_max);

}  // namespace lockstep::limits
