// SPDX-License-Identifier: Apache-2.0
#include "server/inference/demo_text.h"

#include <array>
#include <cstdint>
#include <variant>

#include "engine/base/text.h"
#include "server/inference/limits.h"

namespace lockstep {
namespace {

constexpr std::array<std::string_view, 12> sentences = {
    "A token is stored before any screen shows it, so nothing that you have read can be taken "
    "back.",
    "If you press Stop now, the answer ends exactly where your eyes were, on every device.",
    "Close this tab and open it again: the words go on from where they are, without a gap.",
    "Another device that looks at this thread sees the same words at the same time.",
    "What comes next is built upon what you saw, and upon nothing else.",
    "A message that you edit replaces the old one, and the model is told the new words only.",
    "When the line is lost, the front asks for what it lacks, and gets just that.",
    "Two questions asked at once are answered one after the other, in the order in which they "
    "came.",
    "The history is a tree: each answer that you ask for again grows as a branch of its own.",
    "Every entry names the one before it, so a missing word shows itself at once.",
    "No model was asked for these words; they are made from your message, always the same ones.",
    "A crash in the middle of this sentence would leave it as long as you had seen it.",
};

// SplitMix64: small, and the same everywhere.
std::uint64_t next(std::uint64_t& seed) {
  seed += 0x9E3779B97F4A7C15ull;
  std::uint64_t z = seed;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

// FNV-1a.
std::uint64_t seed_of(std::uint64_t seed, std::string_view text) {
  for (const char c : text) seed = (seed ^ static_cast<unsigned char>(c)) * 0x100000001B3ull;
  return seed;
}

std::string text_of(const Message& message) {
  std::string text;
  for (const Part& part : message.parts) {
    const TextPart* piece = std::get_if<TextPart>(&part);
    if (!piece) continue;
    if (!text.empty()) text += ' ';
    text += piece->text;
  }
  return text;
}

// One line of Markdown, for any message.
std::string quote_of(std::string_view text) {
  const std::string_view first = first_points(text, limits::demo_quote_points);
  std::string quote;
  for (const char c : first) {
    const bool space = c == '\n' || c == '\r' || c == '\t' || c == ' ';
    if (!space) quote += c;
    if (space && !quote.empty() && quote.back() != ' ') quote += ' ';
  }
  while (!quote.empty() && quote.back() == ' ') quote.pop_back();
  if (first.size() < text.size()) quote += " …";
  return quote.empty() ? "(nothing)" : quote;
}

std::size_t words_of(std::string_view text) {
  std::size_t words = 0;
  bool inside = false;
  for (const char c : text) {
    const bool space = c == ' ' || c == '\n' || c == '\r' || c == '\t';
    if (!space && !inside) ++words;
    inside = !space;
  }
  return words;
}

std::string counted(std::size_t number, std::string_view what) {
  return std::to_string(number) + " " + std::string(what) + (number == 1 ? "" : "s");
}

std::string sentence(std::uint64_t& seed) {
  return std::string(sentences[next(seed) % sentences.size()]);
}

std::string paragraph(std::uint64_t& seed) {
  const std::size_t start = next(seed) % sentences.size();
  std::string text;
  for (std::size_t i = 0; i < 4; ++i) {
    if (i > 0) text += ' ';
    text += sentences[(start + i) % sentences.size()];
  }
  return text;
}

std::string answer(std::string_view said, std::size_t turns, std::string_view author,
                   std::uint64_t& seed) {
  std::string text = "## In lockstep 🎵\n\n";
  if (!author.empty()) text += "This is **" + std::string(author) + "** speaking. ";
  text += "You said:\n\n> " + quote_of(said) + "\n\n";
  text += "That is " + counted(words_of(said), "word") + ", in a conversation of " +
          counted(turns, "message") + " so far. " + paragraph(seed) + "\n\n";
  text += "Three things to try:\n\n- **Stop** while this is being written. " + sentence(seed);
  text += "\n- **Reload** the page. " + sentence(seed);
  text += "\n- **Edit** what you said. " + sentence(seed) + "\n\n";
  text += "```\nState(t) = fold(entries up to t)\n```\n\n" + paragraph(seed);
  return text;
}

void split(std::string_view text, std::vector<std::string>& tokens) {
  std::size_t begin = 0;
  bool in_word = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool space = text[at] == ' ' || text[at] == '\n';
    if (space && in_word) {
      tokens.emplace_back(text.substr(begin, at - begin));
      begin = at;
    }
    in_word = !space;
  }
  if (begin < text.size()) tokens.emplace_back(text.substr(begin));
}

}  // namespace

std::vector<std::string> demo_tokens(const std::vector<Message>& path, std::string_view author,
                                     std::optional<std::size_t> tokens) {
  std::uint64_t seed = seed_of(0xCBF29CE484222325ull, author);
  std::string said;
  for (const Message& message : path) {
    const std::string text = text_of(message);
    seed = seed_of(seed, text);
    if (message.role == Role::user) said = text;
  }
  std::vector<std::string> words;
  split(answer(said, path.size(), author, seed), words);
  if (!tokens) return words;
  while (words.size() < *tokens) split("\n\n" + paragraph(seed), words);
  words.resize(*tokens);
  return words;
}

}  // namespace lockstep
