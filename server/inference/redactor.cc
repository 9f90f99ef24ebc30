// SPDX-License-Identifier: Apache-2.0
#include "server/inference/redactor.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "server/inference/limits.h"
#include "server/inference/utf8_repair.h"

namespace lockstep {
namespace {

constexpr std::string_view mark = "[secret]";
using Needle = Redactor::Needle;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

std::string without_spaces(std::string_view text) {
  std::string rest;
  std::ranges::copy_if(text, std::back_inserter(rest), [](char c) { return !is_space(c); });
  return rest;
}

// --- Forms of a secret ---------------------------------------------------------------------------

constexpr std::string_view base64_common =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

// The characters that `secret` alone decides if `offset` bytes stand before it in its group.
Needle base64_needle(std::string_view secret, std::size_t offset, std::string_view last_two) {
  const std::string alphabet = std::string(base64_common) + std::string(last_two);
  constexpr std::size_t bits = 6;
  const std::string bytes = std::string(offset, '\0') + std::string(secret);
  const std::size_t first = (offset * 8 + bits - 1) / bits;
  const std::size_t end = bytes.size() * 8 / bits;
  Needle needle{.text = {},
                .form = Needle::Form::base64,
                .shares_first = offset * 8 % bits != 0,
                .shares_last = bytes.size() * 8 % bits != 0};
  for (std::size_t at = first; at < end; ++at) {
    std::size_t value = 0;
    for (std::size_t bit = at * bits; bit < (at + 1) * bits; ++bit) {
      const auto byte = static_cast<unsigned char>(bytes[bit / 8]);
      value = value << 1U | (byte >> (7 - bit % 8) & 1U);
    }
    needle.text += alphabet[value];
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
  return {.text = std::move(text), .form = Needle::Form::hex};
}

void add_needles(std::vector<Needle>& needles, const std::string& secret) {
  needles.push_back({.text = without_spaces(secret)});
  if (secret.contains(' ')) {
    std::string form = secret;  // as a form's field has it
    std::ranges::replace(form, ' ', '+');
    needles.push_back({.text = without_spaces(form)});
  }
  for (const std::size_t offset : {0U, 1U, 2U}) {
    for (const std::string_view last_two : {"+/", "-_"}) {
      needles.push_back(base64_needle(secret, offset, last_two));
    }
  }
  for (const std::string_view between : {"", ":", "-"}) {
    needles.push_back(hex_needle(secret, between));
  }
}

// --- Layers of a text ----------------------------------------------------------------------------

// A range of the source.
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// A text, and where in the source each of its bytes comes from.
struct Layer {
  std::string bytes;
  std::vector<Span> from;

  void add(std::string_view more, Span span) {
    bytes += more;
    from.insert(from.end(), more.size(), span);
  }
};

// What an escape at the beginning of a text stands for.
struct Unit {
  std::string bytes;
  std::size_t size = 0;  // of the escape
};

std::optional<std::uint32_t> number(std::string_view digits, std::uint32_t base) {
  std::uint32_t value = 0;
  if (digits.empty() || digits.size() > 8) return {};
  for (const char c : lower(std::string(digits))) {
    const bool decimal = c >= '0' && c <= '9';
    const bool letter = c >= 'a' && c <= 'f';
    if (!decimal && (!letter || base == 10)) return {};
    value = value * base + static_cast<std::uint32_t>(decimal ? c - '0' : c - 'a' + 10);
  }
  return value;
}

std::string utf8(std::uint32_t point) {
  const auto byte = [](std::uint32_t value) { return static_cast<char>(value); };
  if (point < 0x80) return {byte(point)};
  if (point < 0x800) return {byte(0xc0 | point >> 6U), byte(0x80 | (point & 0x3fU))};
  return {byte(0xe0 | (point >> 12U & 0xfU)), byte(0x80 | (point >> 6U & 0x3fU)),
          byte(0x80 | (point & 0x3fU))};
}

// `lead`, then so many hex digits: `%41`, `\x41`, `\u0041`.
std::optional<Unit> hex_unit(std::string_view text, std::string_view lead, std::size_t digits) {
  if (!text.starts_with(lead) || text.size() < lead.size() + digits) return {};
  const auto value = number(text.substr(lead.size(), digits), 16);
  if (!value) return {};
  // Two digits are a byte, four are a character.
  std::string bytes = digits == 2 ? std::string(1, static_cast<char>(*value)) : utf8(*value);
  return Unit{std::move(bytes), lead.size() + digits};
}

std::optional<Unit> backslash_unit(std::string_view text) {
  if (auto unit = hex_unit(text, "\\u", 4)) return unit;
  if (auto unit = hex_unit(text, "\\x", 2)) return unit;
  if (text.size() < 2) return {};
  if (std::string_view("\"\\/'").contains(text[1])) return Unit{std::string(1, text[1]), 2};
  if (std::string_view("nrt").contains(text[1])) return Unit{"\n", 2};
  return {};
}

std::optional<Unit> html_unit(std::string_view text) {
  constexpr std::size_t longest = 12;
  const std::size_t end = text.substr(0, longest).find(';');
  if (end == std::string_view::npos) return {};
  const std::string name = lower(std::string(text.substr(1, end - 1)));
  static constexpr std::array<std::pair<std::string_view, char>, 12> names = {{{"amp", '&'},
                                                                               {"lt", '<'},
                                                                               {"gt", '>'},
                                                                               {"quot", '"'},
                                                                               {"apos", '\''},
                                                                               {"sol", '/'},
                                                                               {"equals", '='},
                                                                               {"plus", '+'},
                                                                               {"lowbar", '_'},
                                                                               {"period", '.'},
                                                                               {"colon", ':'},
                                                                               {"dollar", '$'}}};
  const auto* known =
      std::ranges::find(names, std::string_view(name), [](const auto& pair) { return pair.first; });
  if (known != names.end()) return Unit{std::string(1, known->second), end + 1};
  if (!name.starts_with('#')) return {};
  const bool hex = name.starts_with("#x");
  const auto point = number(std::string_view(name).substr(hex ? 2 : 1), hex ? 16 : 10);
  if (!point) return {};
  return Unit{utf8(*point), end + 1};
}

std::optional<Unit> unit_at(std::string_view text) {
  switch (text.front()) {
    case '%':
      return hex_unit(text, "%", 2);
    case '\\':
      return backslash_unit(text);
    case '&':
      return html_unit(text);
    default:
      return {};
  }
}

// The layer with each escape as what it stands for; nothing if there is none.
std::optional<Layer> decoded(const Layer& layer) {
  Layer out;
  bool any = false;
  for (std::size_t at = 0; at < layer.bytes.size();) {
    const auto unit = unit_at(std::string_view(layer.bytes).substr(at));
    const std::size_t size = unit ? unit->size : 1;
    any = any || unit;
    out.add(unit ? std::string_view(unit->bytes) : std::string_view(layer.bytes).substr(at, 1),
            {layer.from[at].begin, layer.from[at + size - 1].end});
    at += size;
  }
  if (!any) return {};
  return out;
}

Layer squeezed(const Layer& layer) {
  Layer out;
  for (std::size_t at = 0; at < layer.bytes.size(); ++at) {
    if (is_space(layer.bytes[at])) continue;
    out.add(std::string_view(layer.bytes).substr(at, 1), layer.from[at]);
  }
  return out;
}

// --- Finding -------------------------------------------------------------------------------------

bool is_base64(char c) { return base64_common.contains(c) || std::string_view("+/-_").contains(c); }

void find_all(const Layer& layer, std::string_view bytes, const Needle& needle,
              std::vector<Span>& found) {
  for (std::size_t at = bytes.find(needle.text); at != std::string_view::npos;
       at = bytes.find(needle.text, at + 1)) {
    std::size_t first = at;
    std::size_t end = at + needle.text.size();
    if (needle.shares_first && first > 0 && is_base64(bytes[first - 1])) --first;
    if (needle.shares_last && end < bytes.size() && is_base64(bytes[end])) ++end;
    found.push_back({layer.from[first].begin, layer.from[end - 1].end});
  }
}

// The text may have been cut in the middle of a secret.
void find_beginning(const Layer& layer, const Needle& needle, std::vector<Span>& found) {
  const std::size_t longest = std::min(needle.text.size() - 1, layer.bytes.size());
  for (std::size_t size = longest; size >= limits::secret_bytes_min; --size) {
    if (!layer.bytes.ends_with(std::string_view(needle.text).substr(0, size))) continue;
    found.push_back({layer.from[layer.bytes.size() - size].begin, layer.from.back().end});
    return;
  }
}

void find_in(const Layer& whole, const std::vector<Needle>& needles, std::vector<Span>& found) {
  const Layer layer = squeezed(whole);
  const std::string low = lower(layer.bytes);
  for (const Needle& needle : needles) {
    find_all(layer, needle.form == Needle::Form::hex ? low : layer.bytes, needle, found);
    if (needle.form == Needle::Form::plain) find_beginning(layer, needle, found);
  }
}

std::string with_marks(std::string_view text, std::vector<Span> found) {
  std::ranges::sort(found, {}, &Span::begin);
  std::string out;
  std::size_t at = 0;
  for (const Span& span : found) {
    // What overlaps the former is part of it.
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
  return without_spaces(secret).size() < limits::secret_bytes_min;
}

Redactor::Redactor(const std::vector<std::string>& secrets) {
  auto needles = std::make_shared<std::vector<Needle>>();
  for (const std::string& secret : secrets) {
    if (!is_too_short(secret)) add_needles(*needles, secret);
  }
  if (!needles->empty()) needles_ = std::move(needles);
}

std::string Redactor::strike(std::string_view text) const {
  if (!needles_ || text.empty()) return std::string(text);
  std::optional<Layer> layer(std::in_place);
  for (std::size_t at = 0; at < text.size(); ++at) layer->add(text.substr(at, 1), {at, at + 1});
  std::vector<Span> found;
  for (int depth = 0; layer && depth <= limits::secret_escapes_max; ++depth) {
    find_in(*layer, *needles_, found);
    layer = decoded(*layer);
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
