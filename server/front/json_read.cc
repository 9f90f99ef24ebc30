#include "server/front/json_read.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "engine/text.h"
#include "server/front/json_text.h"
#include "server/limits.h"

namespace lockstep {
namespace {

std::string_view view(const boost::json::string& text) { return {text.data(), text.size()}; }

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

// Of a text that is no JSON: is that so because an escape is half of a surrogate pair?
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

void append_double(std::string& out, double number) {
  // A number beyond every double was read as infinity, which JSON can't say but so.
  if (std::isinf(number)) {
    out += number > 0 ? "1e999" : "-1e999";
    return;
  }
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void append_json_object(std::string& out, const boost::json::object& object) {
  out += '{';
  bool first = true;
  for (const auto& [key, value] : object) {
    if (!first) out += ',';
    first = false;
    append_text(out, {key.data(), key.size()});
    out += ':';
    append_json(out, value);
  }
  out += '}';
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
  std::string detail = (where.empty() ? std::string("The request") : "`" + where + "`") + " " +
                       std::string(what) + ".";
  fault_->set(make_problem("invalid", std::move(detail), std::move(where)));
}

void Spot::too_large(std::size_t bytes_max) const {
  if (fault_->is_set()) return;
  std::string where = path();
  std::string detail = "`" + where + "` is longer than " + std::to_string(bytes_max) + " bytes.";
  fault_->set(make_problem("too_large", std::move(detail), std::move(where)));
}

void Spot::unknown_field() const {
  if (fault_->is_set()) return;
  std::string where = path();
  std::string detail = "`" + where + "` is not a field that is known here.";
  fault_->set(make_problem("unknown_field", std::move(detail), std::move(where)));
}

std::string Spot::text(std::size_t bytes_max) const {
  if (!value_->is_string()) {
    invalid("must be a string");
    return {};
  }
  const std::string_view text = view(value_->get_string());
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

std::uint64_t Spot::number(std::uint64_t most) const {
  std::uint64_t number = most;
  if (value_->is_int64() && value_->get_int64() >= 0) {
    number = static_cast<std::uint64_t>(value_->get_int64());
  } else if (value_->is_uint64()) {
    number = value_->get_uint64();
  } else {
    invalid("must be an integer, not below 0");
  }
  if (number > most) invalid("is too great a number");
  return std::min(number, most);
}

bool Spot::flag() const {
  if (value_->is_bool()) return value_->get_bool();
  invalid("must be true or false");
  return false;
}

Cursor Spot::cursor() const {
  const std::string given = text(std::string::npos);
  const std::optional<Cursor> cursor = parse_cursor(given);
  if (!cursor) invalid("must be a cursor as the server gave it: TS@EPOCH");
  return cursor.value_or(Cursor{});
}

Json Spot::json(std::size_t bytes_max) const {
  Json json;
  append_json(json.text, *value_);
  if (json.text.size() > bytes_max) too_large(bytes_max);
  return json;
}

Json Spot::json_object(std::size_t bytes_max) const {
  if (!value_->is_object()) invalid("must be an object");
  return json(bytes_max);
}

const boost::json::array* Spot::elements(std::size_t count_max) const {
  const boost::json::array* array = value_->if_array();
  if (array == nullptr) {
    invalid("must be an array");
  } else if (array->size() > count_max) {
    invalid("may have at most " + std::to_string(count_max) + " elements");
    return nullptr;
  }
  return array;
}

// --- Objects -------------------------------------------------------------------------------------

Object::Object(const Spot& spot) : spot_(spot), fields_(spot.value_->if_object()) {
  if (fields_ == nullptr) {
    spot.invalid("must be an object");
    return;
  }
  asked_.resize(fields_->size());
}

bool Object::has(std::string_view name) const {
  return fields_ != nullptr && fields_->find({name.data(), name.size()}) != fields_->end();
}

std::optional<Spot> Object::find(std::string_view name) {
  if (fields_ == nullptr) return std::nullopt;
  const auto found = fields_->find({name.data(), name.size()});
  if (found == fields_->end()) return std::nullopt;
  asked_[static_cast<std::size_t>(found - fields_->begin())] = true;
  return Spot(found->value(), spot_, name, 0);
}

Spot Object::need(std::string_view name) {
  if (const auto found = find(name)) return *found;
  Spot missing(spot_.fault().nothing, spot_, name, 0);
  missing.invalid("is missing");
  return missing;
}

void Object::closed() const {
  if (fields_ == nullptr) return;
  for (std::size_t at = 0; at < asked_.size(); ++at) {
    if (asked_[at]) continue;
    const auto& field = *(fields_->begin() + at);
    Spot(field.value(), spot_, {field.key().data(), field.key().size()}, 0).unknown_field();
  }
}

// --- Texts ---------------------------------------------------------------------------------------

std::optional<boost::json::value> parse_json(std::string_view text, Fault& fault) {
  if (!is_utf8(text)) {
    fault.set(make_problem("invalid_utf8", "The body is not valid UTF-8."));
    return std::nullopt;
  }
  boost::json::parse_options options;
  options.max_depth = limits::request_depth_max;
  boost::json::error_code error;
  boost::json::value value =
      boost::json::parse({text.data(), text.size()}, error, boost::json::storage_ptr(), options);
  if (!error) return value;
  if (has_lone_surrogate(text)) {
    fault.set(make_problem("lone_surrogate", "A \\u escape is half of a surrogate pair."));
  } else {
    fault.set(make_problem("malformed", "The body is no JSON text: " + error.message() + "."));
  }
  return std::nullopt;
}

void append_json(std::string& out, const boost::json::value& value) {
  switch (value.kind()) {
    case boost::json::kind::null:
      out += "null";
      break;
    case boost::json::kind::bool_:
      out += value.get_bool() ? "true" : "false";
      break;
    case boost::json::kind::int64:
      out += std::to_string(value.get_int64());
      break;
    case boost::json::kind::uint64:
      append_number(out, value.get_uint64());
      break;
    case boost::json::kind::double_:
      append_double(out, value.get_double());
      break;
    case boost::json::kind::string:
      append_text(out, view(value.get_string()));
      break;
    case boost::json::kind::array:
      append_array(out, value.get_array(), append_json);
      break;
    case boost::json::kind::object:
      append_json_object(out, value.get_object());
      break;
  }
}

bool is_object_text(std::string_view text) {
  Fault fault;
  const auto value = parse_json(text, fault);
  return value && value->is_object();
}

}  // namespace lockstep
