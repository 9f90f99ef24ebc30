// SPDX-License-Identifier: Apache-2.0
#include "server/inference/redactor.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "engine/base/ascii.h"
#include "server/inference/limits.h"
#include "server/inference/text_layers.h"
#include "server/inference/utf8_repair.h"

namespace lockstep {
namespace {

constexpr std::string_view mark = "[secret]";

// --- Forms of a secret ---------------------------------------------------------------------------

constexpr std::string_view base64_common =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

// One form of one secret, in the normal form of comparison.
struct Needle {
  std::string text;
  bool shares_first = false;  // base 64: the character before it has bits of the secret too
  bool shares_last = false;   // the same for the character after it
};

// The base 64 characters that depend only on `secret`, if its first group begins with `offset`
// other bytes.
Needle base64_needle(std::string_view secret, std::size_t offset, std::string_view last_two) {
  const std::string alphabet = std::string(base64_common) + std::string(last_two);
  constexpr std::size_t bits = 6;
  const std::string bytes = std::string(offset, '\0') + std::string(secret);
  const std::size_t first = (offset * 8 + bits - 1) / bits;
  const std::size_t end = bytes.size() * 8 / bits;
  Needle needle{.text = {},
                .shares_first = offset * 8 % bits != 0,
                .shares_last = bytes.size() * 8 % bits != 0};
  for (std::size_t at = first; at < end; ++at) {
    std::size_t value = 0;
    for (std::size_t bit = at * bits; bit < (at + 1) * bits; ++bit) {
      const auto byte = static_cast<unsigned char>(bytes[bit / 8]);
      value = value << 1U | (byte >> (7 - bit % 8) & 1U);
    }
    needle.text += ascii_lower(alphabet[value]);
  }
  return needle;
}

Needle hex_needle(std::string_view secret, std::string_view between) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char c : secret) {
    if (!text.empty()) text += between;
    text += digits[static_cast<unsigned char>(c) >> 4U];
    text += digits[static_cast<unsigned char>(c) & 0xfU];
  }
  return {.text = std::move(text)};
}

void add_needles(std::vector<Needle>& needles, const std::string& secret) {
  // A secret may itself contain an escape (`%41`). Decoding a text undoes that too, so look for the
  // decoded secrets as well.
  for (const Equals equals : {Equals::itself, Equals::escape}) {
    std::optional<Layer> layer = layer_of(secret);
    for (int depth = 0; layer && depth <= limits::secret_escapes_max; ++depth) {
      needles.push_back({.text = normal(*layer).bytes});
      layer = decoded(*layer, equals);
    }
  }
  if (secret.contains(' ')) {
    std::string form = secret;  // as in the body of an HTML form
    std::ranges::replace(form, ' ', '+');
    needles.push_back({.text = normal(form)});
  }
  for (const std::size_t offset : {0U, 1U, 2U}) {
    for (const std::string_view last_two : {"+/", "-_"}) {
      needles.push_back(base64_needle(secret, offset, last_two));
    }
  }
  // `00` is for UTF-16.
  for (const std::string_view between : {"", ":", "-", "00"}) {
    needles.push_back(hex_needle(secret, between));
  }
  std::erase_if(needles,
                [](const Needle& needle) { return needle.text.size() < limits::secret_bytes_min; });
}

// --- Finding -------------------------------------------------------------------------------------

bool is_base64(char c) { return base64_common.contains(c) || std::string_view("+/-_").contains(c); }

std::size_t common(std::string_view one, std::string_view other) {
  const auto ends = std::ranges::mismatch(one, other);
  return static_cast<std::size_t>(ends.in1 - one.begin());
}

}  // namespace

// The forms of all secrets, with indexes of their beginnings and pieces. Each position of a text
// costs two look-ups, however many secrets there are.
struct Redactor::Secrets {
  explicit Secrets(std::vector<Needle> given) : needles(std::move(given)) {
    for (const Needle& needle : needles) {
      const std::string_view text = needle.text;
      beginnings[text.substr(0, limits::secret_bytes_min)].push_back(&needle);
      for (std::size_t at = 1; at + limits::secret_piece_bytes <= text.size(); ++at) {
        pieces.insert(text.substr(at, limits::secret_piece_bytes));
      }
    }
  }
  Secrets(const Secrets&) = delete;
  Secrets& operator=(const Secrets&) = delete;

  void find_in(const Layer& layer, std::vector<Span>& found) const;
  // The range from `at` on in which the text equals the needle.
  static Span match(const Layer& text, std::size_t at, const Needle& needle);

  const std::vector<Needle> needles;
  std::unordered_map<std::string_view, std::vector<const Needle*>> beginnings;
  std::unordered_set<std::string_view> pieces;
};

Span Redactor::Secrets::match(const Layer& text, std::size_t at, const Needle& needle) {
  const std::string_view bytes = text.bytes;
  std::size_t first = at;
  std::size_t end = at + common(bytes.substr(at), needle.text);
  const bool whole = end - at == needle.text.size();
  if (needle.shares_first && first > 0 && is_base64(bytes[first - 1])) --first;
  if (needle.shares_last && whole && end < bytes.size() && is_base64(bytes[end])) ++end;
  return {text.from[first].begin, text.from[end - 1].end};
}

void Redactor::Secrets::find_in(const Layer& layer, std::vector<Span>& found) const {
  const Layer text = normal(layer);
  const std::string_view bytes = text.bytes;
  for (std::size_t at = 0; at + limits::secret_bytes_min <= bytes.size(); ++at) {
    const auto begun = beginnings.find(bytes.substr(at, limits::secret_bytes_min));
    if (begun != beginnings.end()) {
      for (const Needle* needle : begun->second) found.push_back(match(text, at, *needle));
    }
    const std::string_view piece = bytes.substr(at, limits::secret_piece_bytes);
    if (pieces.contains(piece)) {
      found.push_back({text.from[at].begin, text.from[at + piece.size() - 1].end});
    }
  }
}

namespace {

std::string with_marks(std::string_view text, std::vector<Span> found) {
  std::ranges::sort(found, {}, &Span::begin);
  std::string out;
  std::size_t at = 0;
  for (const Span& span : found) {
    // An overlapping span extends the one before it: one mark is enough.
    if (span.begin >= at) {
      out += text.substr(at, span.begin - at);
      out += mark;
    }
    at = std::max(at, span.end);
  }
  out += text.substr(at);
  return out;
}

}  // namespace

bool Redactor::is_too_short(std::string_view secret) {
  return normal(secret).size() < limits::secret_bytes_min;
}

Redactor::Redactor(const std::vector<std::string>& secrets) {
  std::vector<Needle> needles;
  for (const std::string& secret : secrets) {
    if (!is_too_short(secret)) add_needles(needles, secret);
  }
  if (!needles.empty()) secrets_ = std::make_shared<const Secrets>(std::move(needles));
}

std::string Redactor::strike(std::string_view text) const {
  if (!secrets_ || text.empty()) return std::string(text);
  const Layer whole = layer_of(text);
  std::vector<Span> found;
  secrets_->find_in(whole, found);
  for (const Equals equals : {Equals::itself, Equals::escape}) {
    std::optional<Layer> layer = decoded(whole, equals);
    for (int depth = 1; layer && depth <= limits::secret_escapes_max; ++depth) {
      secrets_->find_in(*layer, found);
      layer = decoded(*layer, equals);
    }
  }
  return found.empty() ? std::string(text) : with_marks(text, std::move(found));
}

std::string Redactor::sentence(std::string_view text) const {
  const bool is_cut = text.size() > limits::error_text_bytes_max;
  const std::string struck = strike(text.substr(0, limits::error_text_bytes_max));
  if (!is_cut && struck.size() <= limits::error_detail_bytes_max) return valid_utf8(struck);
  return valid_utf8(std::string_view(struck).substr(0, limits::error_detail_bytes_max)) + " ...";
}

}  // namespace lockstep
