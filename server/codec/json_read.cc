// SPDX-License-Identifier: Apache-2.0
#include "server/codec/json_read.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "engine/base/codes.h"
#include "engine/base/text.h"
#include "schema/json/json_text.h"
#include "server/base/limits.h"

namespace lockstep {
namespace {

constexpr std::uint32_t no_unit = 0xffffffff;
constexpr std::uint32_t leading_first = 0xd800;
constexpr std::uint32_t trailing_first = 0xdc00;
constexpr std::uint32_t surrogates_end = 0xe000;

// The code unit of a `\uXXXX` that begins at `at`.
std::uint32_t escaped_unit(std::string_view text, std::size_t at) {
  constexpr std::size_t digits = 4;
  if (text.substr(at, 2) != "\\u" || at + 2 + digits > text.size()) return no_unit;
  const char* begin = text.data() + at + 2;
  std::uint32_t unit = 0;
  const auto end = std::from_chars(begin, begin + digits, unit, 16).ptr;
  return end == begin + digits ? unit : no_unit;
}

// Is half of a surrogate pair the reason why a text is not JSON? That has a code of its own,
// because a client gets there by cutting a text within an emoji.
bool has_lone_surrogate(std::string_view text) {
  constexpr std::size_t escape_size = 6;
  std::size_t at = text.find('\\');
  while (at != std::string_view::npos) {
    const std::uint32_t unit = escaped_unit(text, at);
    std::size_t next = at + (unit == no_unit ? 2 : escape_size);
    const bool surrogate = unit >= leading_first && unit < surrogates_end;
    if (surrogate) {
      const std::uint32_t other = escaped_unit(text, next);
      const bool pair = unit < trailing_first && other >= trailing_first && other < surrogates_end;
      if (!pair) return true;
      next += escape_size;
    }
    at = text.find('\\', next);
  }
  return false;
}

// "`path` what.", or "The request what." if the path is empty.
std::string sentence(std::string_view path, std::string_view what) {
  const std::string who = path.empty() ? "The request" : "`" + std::string(path) + "`";
  return who + " " + std::string(what) + ".";
}

Problem problem_of(JsonRefusal refusal, std::string_view text) {
  switch (refusal.kind) {
    case JsonRefusal::Kind::too_large:
      return make_problem(codes::too_large, sentence(refusal.path, refusal.detail), refusal.path);
    case JsonRefusal::Kind::twin:
      return make_problem(codes::invalid, sentence(refusal.path, refusal.detail), refusal.path);
    case JsonRefusal::Kind::malformed:
      break;
  }
  if (has_lone_surrogate(text)) {
    return make_problem(codes::lone_surrogate,
                        "The body has one half of a surrogate pair as a \\u escape: send both.");
  }
  return make_problem(codes::malformed, "The body is not JSON: " + refusal.detail + ".");
}

}  // namespace

// --- Spots ---------------------------------------------------------------------------------------

std::string Spot::path() const {
  if (above_ == nullptr) return {};
  std::string path = above_->path();
  if (name_.empty()) {
    path += '[';
    append_number(path, index_);
    return path += ']';
  }
  if (!path.empty()) path += '.';
  return path += name_;
}

void Spot::invalid(std::string_view what) const {
  if (fault_->is_set()) return;
  std::string where = path();
  fault_->set(make_problem(codes::invalid, sentence(where, what), where));
}

void Spot::too_large(std::size_t bytes_max) const {
  if (fault_->is_set()) return;
  std::string where = path();
  std::string detail = "`" + where + "` is longer than " + std::to_string(bytes_max) + " bytes.";
  fault_->set(make_problem(codes::too_large, std::move(detail), std::move(where)));
}

void Spot::unknown_field() const {
  if (fault_->is_set()) return;
  std::string where = path();
  std::string detail = "`" + where + "` is not a known field: check its name, or leave it out.";
  fault_->set(make_problem(codes::unknown_field, std::move(detail), std::move(where)));
}

std::string Spot::text(std::size_t bytes_max) const {
  if (!value_.is_string()) {
    invalid("must be a string");
    return {};
  }
  const std::string_view text = value_.text();
  if (text.size() > bytes_max) {
    too_large(bytes_max);
    return {};
  }
  return std::string(text);
}

std::string Spot::id() const {
  std::string text = this->text(std::string::npos);
  if (!is_id(text)) invalid("must be an id: 1 to 128 characters of A-Z a-z 0-9 . _ : -");
  return text;
}

std::uint64_t Spot::number(std::uint64_t most, std::uint64_t least) const {
  const std::optional<std::uint64_t> number = value_.whole();
  if (!number || *number < least || *number > most) {
    invalid("must be an integer from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return std::clamp(number.value_or(most), least, most);
}

bool Spot::flag() const {
  if (!value_.is_flag()) invalid("must be true or false");
  return value_.kind() == JsonKind::truth;
}

Cursor Spot::cursor() const {
  const std::string given = text(std::string::npos);
  const std::optional<Cursor> cursor = parse_cursor(given);
  if (!cursor) invalid("must be a cursor as the server gave it: TS@EPOCH");
  return cursor.value_or(Cursor{});
}

Json Spot::json(std::size_t bytes_max) const {
  Json json;
  append_json(json.text, value_);
  if (json.text.size() > bytes_max) too_large(bytes_max);
  return json;
}

Json Spot::json_object(std::size_t bytes_max) const {
  if (!value_.is_object()) invalid("must be an object");
  return json(bytes_max);
}

// A long text is not repeated: the sentence is for a person, and its path names the place.
std::string Spot::quoted(std::string_view given) {
  constexpr std::size_t quoted_max = 64;
  return given.size() > quoted_max ? "not a known value" : "`" + std::string(given) + "`";
}

bool Spot::is_list(std::size_t count_max) const {
  if (!value_.is_array()) {
    invalid("must be an array");
    return false;
  }
  if (value_.size() <= count_max) return true;
  invalid("may have at most " + std::to_string(count_max) + " elements");
  return false;
}

// --- Objects -------------------------------------------------------------------------------------

Object::Object(const Spot& spot) : spot_(spot) {
  if (!spot.value_.is_object()) {
    spot.invalid("must be an object");
    return;
  }
  fields_.reserve(spot.value_.size());
  spot.value_.each_member(
      [this](std::string_view name, JsonNode value) { fields_.push_back({name, value}); });
}

std::optional<Spot> Object::find(std::string_view name) {
  const auto found = std::ranges::find(fields_, name, &Field::name);
  if (found == fields_.end()) return std::nullopt;
  found->asked = true;
  return Spot(found->value, spot_, name, 0);
}

Spot Object::need(std::string_view name) {
  if (const auto found = find(name)) return *found;
  Spot missing({}, spot_, name, 0);
  missing.invalid("is missing");
  return missing;
}

void Object::closed() const {
  const auto found = std::ranges::find(fields_, false, &Field::asked);
  if (found != fields_.end()) Spot(found->value, spot_, found->name, 0).unknown_field();
}

// --- Texts ---------------------------------------------------------------------------------------

std::optional<JsonDocument> parse_json(std::string_view text, Fault& fault) {
  if (!is_utf8(text)) {
    fault.set(make_problem(codes::invalid_utf8, "The body is not valid UTF-8."));
    return std::nullopt;
  }
  auto document = read_json(text, {.depth_max = limits::request_depth_max});
  if (document) return std::move(*document);
  fault.set(problem_of(std::move(document.error()), text));
  return std::nullopt;
}

}  // namespace lockstep
