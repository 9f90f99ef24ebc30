// SPDX-License-Identifier: Apache-2.0
// byte_range.h: the one range of bytes that a request asks for (RFC 9110, section 14). Pure.
//
// A server may ignore ranges. So a value that is not exactly one range of bytes, in order and
// without white space inside, asks for everything: no client gets bytes under a wrong number.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace lockstep {

struct BlobPiece {
  std::uint64_t from = 0;
  std::uint64_t bytes = 0;
  friend bool operator==(const BlobPiece&, const BlobPiece&) = default;
};

// What a GET asks for of so many bytes. `range`: the header's value, or nothing. A piece lies
// inside the bytes. nullopt: no byte is in the range.
[[nodiscard]] std::optional<BlobPiece> piece_of(std::optional<std::string_view> range,
                                                std::uint64_t bytes);

}  // namespace lockstep
