// SPDX-License-Identifier: Apache-2.0
// json_read.h: reads requests strictly.
//
// `parse_json` makes a document of the request. Readers look at each value through a `Spot`, which
// holds the value and its path, so that a refusal can name the path
// (`changes[0].message.parts[1].text`). Only the first fault counts. After it the readers go on
// with empty values, and the caller throws their result away, so that readers need no branches for
// faults. `closed` refuses an object that has a field that the reader did not ask for.
//
// A Spot points into the document and at its parent: it lives as long as the function that made it.
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

// The first fault of a request.
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

  // Each sets the fault and returns an empty value if the value has another type or exceeds the
  // limit.
  [[nodiscard]] std::string text(std::size_t bytes_max) const;
  [[nodiscard]] std::string id() const;
  [[nodiscard]] std::uint64_t number(std::uint64_t most, std::uint64_t least = 0) const;
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

  // The index in `names` of the text; sets the fault if the text is not one of them.
  template <class Names>
  [[nodiscard]] std::size_t one_of(const Names& names) const {
    const std::string given = text(std::string::npos);
    for (std::size_t at = 0; at < std::size(names); ++at) {
      if (given == names[at]) return at;
    }
    std::string known;
    for (const std::string_view name : names) {
      known.append(known.empty() ? "`" : ", `").append(name).append("`");
    }
    invalid("is " + quoted(given) + ", and must be one of " + known);
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
  [[nodiscard]] static std::string quoted(std::string_view given);

  JsonNode value_;
  Fault* fault_;
  const Spot* above_ = nullptr;
  std::string_view name_;
  std::size_t index_ = 0;
};

// The fields of an object.
class Object {
 public:
  // Sets the fault if the value is not an object.
  explicit Object(const Spot& spot);

  // The field, if the object has it; a field that is null counts.
  [[nodiscard]] std::optional<Spot> find(std::string_view name);
  // Sets the fault if the field is missing; its value is then null.
  [[nodiscard]] Spot need(std::string_view name);
  // Sets the fault if the object has a field that the reader did not ask for.
  void closed() const;
  [[nodiscard]] const Spot& spot() const { return spot_; }

 private:
  // A member, and whether the reader has used it.
  struct Field {
    std::string_view name;
    JsonNode value;
    bool asked = false;
  };

  const Spot& spot_;
  std::vector<Field> fields_;
};

// Refuses a text that is not JSON with 400 `malformed`, `invalid_utf8` or `lone_surrogate`, JSON
// beyond a limit with 413 `too_large`, and an object that has a name twice with 422 `invalid`.
[[nodiscard]] std::optional<JsonDocument> parse_json(std::string_view text, Fault& fault);

}  // namespace lockstep
