// SPDX-License-Identifier: Apache-2.0
// markdown_quote.h: what others wrote, as Markdown that can't leave its place.
//
// An export has headings of its own that say who speaks. A text with `## User` in it, an unclosed
// fence or a raw `</blockquote>` must not be able to add one, to swallow one or to stand outside of
// its turn. So a text is a block quote, whose markers no line inside can close, and a parser of
// CommonMark (cmark) has seen that it holds no raw HTML: where it did, the `<` is escaped.
#pragma once

#include <string>
#include <string_view>

namespace lockstep {

// `text` as a block quote, with a line end. A text in which raw HTML can't be escaped becomes a
// fenced block, in which nothing means anything.
[[nodiscard]] std::string quoted_markdown(std::string_view text);

// Verbatim, between fences that it does not hold. `language` is ours.
[[nodiscard]] std::string fenced_markdown(std::string_view text, std::string_view language);

// For a line of ours: each character that could mean something is escaped; line ends are spaces.
[[nodiscard]] std::string inline_markdown(std::string_view text);

// `text` between backticks, as code.
[[nodiscard]] std::string code_markdown(std::string_view text);

// A link that ends where it should. What an address can't hold is percent-encoded.
[[nodiscard]] std::string link_markdown(std::string_view name, std::string_view uri);

}  // namespace lockstep
