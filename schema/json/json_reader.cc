// SPDX-License-Identifier: Apache-2.0
#include "schema/json/json_reader.h"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <limits>
#include <optional>

namespace lockstep {

// Boost.JSON's parser calls this with each piece of the text, in order.
class JsonBuilder {
 public:
  // Not the parser's limits of sizes but ours, because our refusals name the path to the value.
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();
  using Code = boost::json::error_code;
  using View = boost::json::string_view;

  JsonBuilder(const JsonRules& rules, std::size_t text_bytes) : rules_(rules) {
    document.bytes_.reserve(text_bytes);
  }

  std::optional<JsonRefusal> refusal;
  JsonDocument document;

  bool on_document_begin(Code&) { return true; }
  bool on_document_end(Code&) { return true; }
  bool on_array_begin(Code& code) { return begin(JsonKind::array, code); }
  bool on_array_end(std::size_t, Code&) {
    end();
    return true;
  }
  bool on_object_begin(Code& code) { return begin(JsonKind::object, code); }
  bool on_object_end(std::size_t, Code& code) {
    if (!rules_.takes_twins && !find_twin(code)) return false;
    end();
    return true;
  }
  bool on_string_part(View text, std::size_t, Code&) { return gather(text); }
  bool on_string(View text, std::size_t, Code& code) {
    return gather(text) && add(JsonKind::string, code);
  }
  bool on_key_part(View text, std::size_t size, Code& code) {
    return name_fits(size, code) && gather(text);
  }
  bool on_key(View text, std::size_t size, Code& code) {
    return name_fits(size, code) && gather(text) && name(code);
  }
  bool on_number_part(View text, Code&) { return gather(text); }
  bool on_int64(std::int64_t, View text, Code& code) { return number(text, code); }
  bool on_uint64(std::uint64_t, View text, Code& code) { return number(text, code); }
  bool on_double(double, View text, Code& code) { return number(text, code); }
  bool on_bool(bool is, Code& code) { return add(is ? JsonKind::truth : JsonKind::lie, code); }
  bool on_null(Code& code) { return add(JsonKind::null, code); }
  bool on_comment_part(View, Code&) { return true; }
  bool on_comment(View, Code&) { return true; }

 private:
  using Node = JsonDocument::Node;

  // Any code stops the parser; the refusal has the reason.
  bool refuse(Code& code, JsonRefusal::Kind kind, std::string detail, std::string path) {
    code = boost::json::error::exception;
    refusal = JsonRefusal{kind, std::move(detail), std::move(path)};
    return false;
  }
  bool too_many(Code& code, std::size_t most, std::string_view what) {
    return refuse(code, JsonRefusal::Kind::too_large,
                  "has more than " + std::to_string(most) + " " + std::string(what), path());
  }

  Node& node(std::uint32_t at) { return document.nodes_[at]; }
  std::uint32_t count() const { return static_cast<std::uint32_t>(document.nodes_.size()); }
  std::uint32_t bytes() const { return static_cast<std::uint32_t>(document.bytes_.size()); }

  // Counts a value in the array or object that holds it.
  bool count_in(Code& code) {
    if (count() >= rules_.nodes_max) {
      open_.clear();
      return too_many(code, rules_.nodes_max, "values");
    }
    if (open_.empty()) return true;
    Node& holder = node(open_.back());
    const bool array = holder.kind == JsonKind::array;
    const std::size_t most = array ? rules_.elements_max : rules_.members_max;
    if (holder.size < most) {
      ++holder.size;
      return true;
    }
    return too_many(code, most, array ? "elements" : "members");
  }

  bool add(JsonKind kind, Code& code) {
    if (!count_in(code)) return false;
    document.nodes_.push_back({begin_, bytes() - begin_, count() + 1, kind});
    begin_ = bytes();
    return true;
  }
  // A name is a node before the node of its value. It is not counted as a member, its value is.
  bool name(Code& code) {
    if (count() >= rules_.nodes_max) {
      open_.clear();
      return too_many(code, rules_.nodes_max, "values");
    }
    document.nodes_.push_back({begin_, bytes() - begin_, count() + 1, JsonKind::string});
    begin_ = bytes();
    return true;
  }
  bool begin(JsonKind kind, Code& code) {
    if (open_.size() >= rules_.depth_max) {
      return refuse(code, JsonRefusal::Kind::too_large,
                    "is nested deeper than " + std::to_string(rules_.depth_max) + " levels", {});
    }
    if (!add(kind, code)) return false;
    node(count() - 1).size = 0;
    open_.push_back(count() - 1);
    return true;
  }
  void end() {
    node(open_.back()).next = count();
    open_.pop_back();
  }
  bool gather(View text) {
    document.bytes_.append(text.data(), text.size());
    return true;
  }
  bool number(View text, Code& code) { return gather(text) && add(JsonKind::number, code); }
  bool name_fits(std::size_t size, Code& code) {
    if (size <= rules_.name_bytes_max) return true;
    return refuse(code, JsonRefusal::Kind::too_large,
                  "has a name longer than " + std::to_string(rules_.name_bytes_max) + " bytes",
                  path());
  }

  std::string_view text_at(std::uint32_t at) { return document.text_of(node(at)); }
  // The names of the object that ends.
  void list_names() {
    names_.clear();
    std::uint32_t at = open_.back() + 1;
    while (at < count()) {
      names_.push_back(at);
      at = node(at + 1).next;
    }
  }
  bool find_twin(Code& code) {
    const std::uint32_t size = node(open_.back()).size;
    if (size < 2) return true;
    list_names();
    const auto same = [this](std::uint32_t a, std::uint32_t b) { return text_at(a) == text_at(b); };
    if (size <= limits::json_members_compared) {
      for (auto each = names_.begin(); each != names_.end(); ++each) {
        const auto twin =
            std::find_if(names_.begin(), each, [&](auto it) { return same(it, *each); });
        if (twin != each) return refuse_twin(*each, code);
      }
      return true;
    }
    std::ranges::sort(names_, [this](auto a, auto b) { return text_at(a) < text_at(b); });
    const auto twin = std::ranges::adjacent_find(names_, same);
    return twin == names_.end() || refuse_twin(*twin, code);
  }
  bool refuse_twin(std::uint32_t at, Code& code) {
    std::string where = path();
    if (!where.empty()) where += '.';
    where += text_at(at);
    return refuse(code, JsonRefusal::Kind::twin, "stands twice", std::move(where));
  }

  // The path to the innermost open value.
  std::string path() {
    std::string path;
    for (std::size_t level = 1; level < open_.size(); ++level) {
      const Node& holder = node(open_[level - 1]);
      if (holder.kind == JsonKind::array) {
        path += '[' + std::to_string(holder.size - 1) + ']';
      } else {
        if (!path.empty()) path += '.';
        path += text_at(open_[level] - 1);
      }
    }
    return path;
  }

  const JsonRules& rules_;
  std::vector<std::uint32_t> open_;   // arrays and objects that have not ended, outermost first
  std::vector<std::uint32_t> names_;  // of one object
  std::uint32_t begin_ = 0;           // of the text that is being gathered
};

namespace {

// May this follow the text's one value?
bool is_blank(std::string_view rest) {
  return rest.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

// Accepts every value and keeps none: the parser alone decides whether the text is JSON.
struct JsonWitness {
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();
  using Code = boost::json::error_code;
  using View = boost::json::string_view;

  bool on_document_begin(Code&) { return true; }
  bool on_document_end(Code&) { return true; }
  bool on_array_begin(Code&) { return true; }
  bool on_array_end(std::size_t, Code&) { return true; }
  bool on_object_begin(Code&) { return true; }
  bool on_object_end(std::size_t, Code&) { return true; }
  bool on_string_part(View, std::size_t, Code&) { return true; }
  bool on_string(View, std::size_t, Code&) { return true; }
  bool on_key_part(View, std::size_t, Code&) { return true; }
  bool on_key(View, std::size_t, Code&) { return true; }
  bool on_number_part(View, Code&) { return true; }
  bool on_int64(std::int64_t, View, Code&) { return true; }
  bool on_uint64(std::uint64_t, View, Code&) { return true; }
  bool on_double(double, View, Code&) { return true; }
  bool on_bool(bool, Code&) { return true; }
  bool on_null(Code&) { return true; }
  bool on_comment_part(View, Code&) { return true; }
  bool on_comment(View, Code&) { return true; }
};

}  // namespace

bool is_json_object(std::string_view text, std::size_t depth_max) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos || text[begin] != '{') return false;
  boost::json::parse_options options;
  options.max_depth = depth_max;
  boost::json::basic_parser<JsonWitness> parser(options);
  boost::json::error_code code;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), code);
  return !code && is_blank(text.substr(used));
}

std::expected<JsonDocument, JsonRefusal> read_json(std::string_view text, const JsonRules& rules) {
  boost::json::parse_options options;
  options.max_depth = rules.depth_max + 1;  // ours is found first
  options.allow_invalid_utf8 = rules.takes_invalid_utf8;
  boost::json::basic_parser<JsonBuilder> parser(options, rules, text.size());
  boost::json::error_code code;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), code);
  if (!code && !is_blank(text.substr(used))) code = boost::json::error::extra_data;
  JsonBuilder& builder = parser.handler();
  if (!code) return std::move(builder.document);
  if (builder.refusal) return std::unexpected(std::move(*builder.refusal));
  return std::unexpected(JsonRefusal{
      JsonRefusal::Kind::malformed, code.message() + " at byte " + std::to_string(used), {}});
}

bool is_json_object(std::string_view text) { return is_json_object(text, limits::json_depth_max); }

}  // namespace lockstep
