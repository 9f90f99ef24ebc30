// SPDX-License-Identifier: Apache-2.0
// think_tags.h: splits reasoning between `<think>` and `</think>` off the text of an answer.
//
// Models of the families of DeepSeek R1 and Qwen 3 write their reasoning as text between these
// tags. A server with a reasoning parser sends it as a member of its own; one without sends the
// text as it is. The setting `think_tags` of an agent says what its server does:
//
//   off   a text is a text
//   on    a text that begins with `<think>` begins with reasoning
//   open  a text begins with reasoning: the server has put the opening tag into the prompt, so that
//         only the closing one comes. An opening tag that comes nevertheless is dropped
//
// Reasoning ends at the first closing tag; without one, all is reasoning. White space before the
// opening tag, and right behind each tag, is dropped. Tags anywhere else are text: an answer may
// speak of them.
//
// Pure. The text comes cut at any byte. What may become a tag is held back, and so is white space
// before it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

enum class ThinkTags : std::uint8_t { off, on, open };
[[nodiscard]] std::optional<ThinkTags> think_tags(std::string_view name);

class ThinkSplitter {
 public:
  struct Piece {
    bool reasoning = false;
    std::string text;  // not empty; it may end within a character, as the text that came did
    friend bool operator==(const Piece&, const Piece&) = default;
  };

  explicit ThinkSplitter(ThinkTags tags);

  [[nodiscard]] std::vector<Piece> feed(std::string_view text);
  // What was held back: what follows is no text, or nothing.
  [[nodiscard]] std::vector<Piece> flush();
  // Has any text come?
  [[nodiscard]] bool fed() const { return fed_; }

 private:
  enum class Place : std::uint8_t { start, behind_opening, reasoning, behind_closing, text };

  [[nodiscard]] bool take_start();
  [[nodiscard]] bool take_reasoning(std::vector<Piece>& pieces);
  void skip_blanks(Place next);
  void give(std::vector<Piece>& pieces, std::size_t bytes);

  ThinkTags tags_;
  Place place_;
  bool fed_ = false;
  std::string held_;
};

}  // namespace lockstep
