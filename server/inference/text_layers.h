// SPDX-License-Identifier: Apache-2.0
// text_layers.h: a text with its escapes undone, and where in it each byte comes from.
//
// What a model server quotes may have been escaped on its way, several times over and in several
// manners. Each round of `decoded` undoes one layer; what is found in a layer is struck out of the
// text that came.
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

// A range of the text that came.
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// A text, and of each of its bytes the range that it stands for.
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

// In quoted-printable `=3D` is a byte and `=` at a line's end nothing. Everywhere else a `=` stands
// for itself, often before a value, so a text is read in both ways.
enum class Equals : std::uint8_t { itself, escape };

[[nodiscard]] Layer layer_of(std::string_view text);
// The layer with each escape (percent, JSON, HTML, C, quoted-printable) as what it stands for;
// nothing if there is none.
[[nodiscard]] std::optional<Layer> decoded(const Layer& layer, Equals equals);
// As it is compared: in small letters, without white space, control characters and what has no
// width. All that is left out of a line before it is shown is among it.
[[nodiscard]] Layer normal(const Layer& layer);
[[nodiscard]] std::string normal(std::string_view text);
[[nodiscard]] char lower(char c);

}  // namespace lockstep
