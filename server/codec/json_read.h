// SPDX-License-Identifier: Apache-2.0
// json_read.h: requests, read strictly.
//
// A request is read into a document, and every value of it is looked at through a `Spot`: the value
// and the way to it, so that whatever is wrong is named by its path
// (`changes[0].message.parts[1].text`). The first fault counts; after it the readers go on with
// empty values, and their result is thrown away, so that the code that reads has no branches for
// faults. An object that is `closed` must have no other fields than those that were asked for.
//
// Spots point into the tree and at their parents: they live as long as the function that made them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/rules/event.h"
#include "schema/json/json_reader.h"
#include "server/codec/problem.h"

namespace lockstep {

// The first thing that is wrong with a request.
class Fault {
 public:
  void set(Problem problem) {
    if (!problem_) problem_ = std::move(problem);
  }
  [[nodiscard]] bool is_set() const { return problem_.has_value(); }
  [[nodiscard]] Problem take() { return std::move(*problem_); }

 private:
  std::optional<Problem> problem_;
};

class Spot {
 public:
  Spot(JsonNode value, Fault& fault) : value_(value), fault_(&fault) {}

  [[nodiscard]] bool is_null() const { return value_.is_null(); }

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
    if (!is_list(count_max)) return;
    std::size_t at = 0;
    value_.each_element([&](JsonNode element) { read(Spot(element, *this, {}, at++)); });
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
  Spot(JsonNode value, const Spot& above, std::string_view name, std::size_t index)
      : value_(value), fault_(above.fault_), above_(&above), name_(name), index_(index) {}

  [[nodiscard]] bool is_list(std::size_t count_max) const;

  JsonNode value_;
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
  // Every field that nobody has asked for is a fault.
  void closed() const;
  [[nodiscard]] const Spot& spot() const { return spot_; }

 private:
  // A member, and whether somebody has asked for it.
  struct Field {
    std::string_view name;
    JsonNode value;
    bool asked = false;
  };

  const Spot& spot_;
  std::vector<Field> fields_;
};

// 400 `malformed`, `invalid_utf8` or `lone_surrogate` if it is no JSON text; 413 `too_large` if it
// is JSON beyond a limit; 422 `invalid` if a name stands twice in an object.
[[nodiscard]] std::optional<JsonDocument> parse_json(std::string_view text, Fault& fault);

}  // namespace lockstep
