// SPDX-License-Identifier: Apache-2.0
// markdown_quote.h: quotes foreign text in Markdown, so that it can't pose as another turn.
//
// The headings of an export name the speakers. A text with `## User`, an unclosed fence or a raw
// `</blockquote>` must not add or hide a heading, or appear outside of its turn. So each text
// becomes a block quote, which no line inside can close. A CommonMark parser (cmark) finds raw HTML
// in it, and each `<` that begins some is escaped.
#pragma once

#include <string>
#include <string_view>

namespace lockstep {

// `text` as a block quote, with a line end. If raw HTML in it can't be escaped, the text becomes a
// fenced block, in which Markdown has no markup.
[[nodiscard]] std::string quoted_markdown(std::string_view text);

// `text` verbatim between fences longer than its own. `language` comes from this program.
[[nodiscard]] std::string fenced_markdown(std::string_view text, std::string_view language);

// `text` for one of our lines: escapes each character of markup, and turns line ends into spaces.
[[nodiscard]] std::string inline_markdown(std::string_view text);

// `text` between backticks, as code.
[[nodiscard]] std::string code_markdown(std::string_view text);

// A link. Characters that could end the address early are percent-encoded.
[[nodiscard]] std::string link_markdown(std::string_view name, std::string_view uri);

}  // namespace lockstep
