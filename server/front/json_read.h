// json_read.h: requests, read strictly.
//
// A request is parsed into a tree, and every value of it is looked at through a `Spot`: the value
// and the way to it, so that whatever is wrong is named by its path
// (`changes[0].message.parts[1].text`). The first fault counts; after it the readers go on with
// empty values, and their result is thrown away, so that the code that reads has no branches for
// faults. An object that is `closed` must have no other fields than those that were asked for.
//
// Spots point into the tree and at their parents: they live as long as the function that made them.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/event.h"
#include "server/front/problem.h"

namespace lockstep {

// The first thing that is wrong with a request.
class Fault {
 public:
  void set(Problem problem) {
    if (!problem_) problem_ = std::move(problem);
  }
  [[nodiscard]] bool is_set() const { return problem_.has_value(); }
  [[nodiscard]] Problem take() { return std::move(*problem_); }

  const boost::json::value nothing{};  // what a missing field reads as

 private:
  std::optional<Problem> problem_;
};

class Spot {
 public:
  Spot(const boost::json::value& value, Fault& fault) : value_(&value), fault_(&fault) {}

  [[nodiscard]] bool is_null() const { return value_->is_null(); }
  [[nodiscard]] bool is_string() const { return value_->is_string(); }

  // Each faults, and gives an empty value, if the value is of another type or over the limit.
  [[nodiscard]] std::string text(std::size_t bytes_max) const;
  [[nodiscard]] std::string id() const;
  [[nodiscard]] std::uint64_t number(std::uint64_t most) const;
  [[nodiscard]] bool flag() const;
  [[nodiscard]] Cursor cursor() const;
  [[nodiscard]] Json json(std::size_t bytes_max) const;         // any value
  [[nodiscard]] Json json_object(std::size_t bytes_max) const;  // an object

  // Calls `read(const Spot&)` for each element of an array.
  template <class Read>
  void each(std::size_t count_max, Read read) const {
    const boost::json::array* array = elements(count_max);
    if (array == nullptr) return;
    for (std::size_t at = 0; at < array->size(); ++at) read(Spot((*array)[at], *this, {}, at));
  }

  // One of `names`, as its place in the list.
  template <class Names>
  [[nodiscard]] std::size_t one_of(const Names& names) const {
    const std::string given = text(std::string::npos);
    for (std::size_t at = 0; at < std::size(names); ++at) {
      if (given == names[at]) return at;
    }
    invalid("is none of the values that are known here");
    return 0;
  }

  void invalid(std::string_view what) const;    // 422 `invalid`: "PATH what"
  void too_large(std::size_t bytes_max) const;  // 413
  void unknown_field() const;
  [[nodiscard]] std::string path() const;
  [[nodiscard]] Fault& fault() const { return *fault_; }

 private:
  friend class Object;
  Spot(const boost::json::value& value, const Spot& above, std::string_view name, std::size_t index)
      : value_(&value), fault_(above.fault_), above_(&above), name_(name), index_(index) {}

  [[nodiscard]] const boost::json::array* elements(std::size_t count_max) const;

  const boost::json::value* value_;
  Fault* fault_;
  const Spot* above_ = nullptr;
  std::string_view name_;
  std::size_t index_ = 0;
};

// The fields of an object.
class Object {
 public:
  // Faults if it is no object.
  explicit Object(const Spot& spot);

  // The field, if it is there (a null is there).
  [[nodiscard]] std::optional<Spot> find(std::string_view name);
  // Faults if it is missing; then the value is null.
  [[nodiscard]] Spot need(std::string_view name);
  [[nodiscard]] bool has(std::string_view name) const;
  // Every field that nobody has asked for is a fault.
  void closed() const;
  [[nodiscard]] const Spot& spot() const { return spot_; }

 private:
  const Spot& spot_;
  const boost::json::object* fields_ = nullptr;
  std::vector<bool> asked_;
};

// 400 `malformed`, `invalid_utf8` or `lone_surrogate` if it is no JSON text.
[[nodiscard]] std::optional<boost::json::value> parse_json(std::string_view text, Fault& fault);

// Compact text of a value: what the engine keeps as `Json`. Fields keep their order.
void append_json(std::string& out, const boost::json::value& value);
[[nodiscard]] bool is_object_text(std::string_view text);

}  // namespace lockstep
