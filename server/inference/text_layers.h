// SPDX-License-Identifier: Apache-2.0
// text_layers.h: undoes the escapes of a text, and keeps the origin of each byte.
//
// The text that a model server quotes may have several layers of escapes of several kinds. Each
// call of `decoded` undoes one layer. The origins let the redactor remove a match in a layer from
// the original text.
//
// Lives on: any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

// A range of the original text.
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// A text, with the range of the original text for each of its bytes.
struct Layer {
  std::string bytes;
  std::vector<Span> from;

  void reserve(std::size_t size) {
    bytes.reserve(size);
    from.reserve(size);
  }
  void add(char byte, Span span) {
    bytes.push_back(byte);
    from.push_back(span);
  }
};

// In quoted-printable `=3D` is a byte, and a `=` at a line's end joins lines. Elsewhere a `=` is
// itself, often before a value. So the redactor reads a text in both ways.
enum class Equals : std::uint8_t { itself, escape };

[[nodiscard]] Layer layer_of(std::string_view text);
// The layer with each escape (percent, JSON, HTML, C, quoted-printable) decoded; nullopt if it has
// no escape.
[[nodiscard]] std::optional<Layer> decoded(const Layer& layer, Equals equals);
// The form for comparisons: in small letters, without white space, control characters and
// characters without width. It drops at least all that `printable` drops from a line.
[[nodiscard]] Layer normal(const Layer& layer);
[[nodiscard]] std::string normal(std::string_view text);

}  // namespace lockstep
