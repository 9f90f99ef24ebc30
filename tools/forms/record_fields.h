// SPDX-License-Identifier: Apache-2.0
// record_fields.h: reads the fields of one JSON object of an export, by name.
//
// A file to import may have been written by hand, or by a later version: what is missing, of
// another type or not known is an error that names the field.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/rules/event.h"
#include "server/codec/json_write.h"
#include "tools/forms/record.h"

namespace lockstep {

// The enumerator of this name, among those up to `last`.
template <class Enum>
std::optional<Enum> named(std::string_view name, Enum last) {
  for (std::uint8_t number = 0; number <= static_cast<std::uint8_t>(last); ++number) {
    if (name_of(static_cast<Enum>(number)) == name) return static_cast<Enum>(number);
  }
  return {};
}

constexpr Role last_of(Role) { return Role::tool; }
constexpr MessageStatus last_of(MessageStatus) { return MessageStatus::interrupted; }
constexpr RunStatus last_of(RunStatus) { return RunStatus::superseded; }
constexpr ChangeType last_of(ChangeType) { return ChangeType::decide_call; }
constexpr CallStatus last_of(CallStatus) { return CallStatus::running; }
constexpr ResumeStatus last_of(ResumeStatus) { return ResumeStatus::given_up; }

// The fields of one object, read by name. `wrong` keeps the first error, with the field's name;
// from then on everything reads as empty, and the caller checks `wrong` at the end.
class RecordFields {
 public:
  RecordFields(const JsonValue& value, std::string& wrong) : value_(value), wrong_(wrong) {
    if (!value.is(JsonValue::Kind::object)) complain("", "is not an object");
  }

  [[nodiscard]] bool has(std::string_view name) const { return value_.find(name) != nullptr; }

  // Refuses every other field, because it would be lost; a duplicate field too, for the same
  // reason.
  void allow(std::initializer_list<std::string_view> names) {
    for (const auto& [name, field] : value_.fields) {
      if (std::ranges::find(names, name) == names.end()) complain(name, "is not known");
      if (value_.find(name) != &field) complain(name, "stands twice");
    }
  }

  std::string text(std::string_view name) {
    const JsonValue* field = find(name, JsonValue::Kind::string);
    return field ? field->text : std::string();
  }
  std::optional<std::string> maybe_text(std::string_view name) {
    return has(name) ? std::optional(text(name)) : std::nullopt;
  }
  template <class Id>
  Id id(std::string_view name) {
    std::string text = this->text(name);
    if (!is_id(text)) complain(name, "is not an id (1 to 128 of A-Z a-z 0-9 . _ : -)");
    return Id(std::move(text));
  }
  template <class Id>
  std::optional<Id> maybe_id(std::string_view name) {
    const JsonValue* field = value_.find(name);
    if (!field || field->is(JsonValue::Kind::null)) return {};
    return id<Id>(name);
  }
  template <class Number>
  Number number(std::string_view name) {
    const JsonValue* field = find(name, JsonValue::Kind::number);
    return field ? number_of<Number>(*field, name) : Number{};
  }
  template <class Number>
  Number number_of(const JsonValue& field, std::string_view name) {
    Number number{};
    const char* end = field.text.data() + field.text.size();
    const auto [rest, error] = std::from_chars(field.text.data(), end, number);
    if (error != std::errc() || rest != end) complain(name, "is not a whole number in range");
    return number;
  }
  std::optional<bool> maybe_boolean(std::string_view name) {
    if (!has(name)) return {};
    const JsonValue* field = find(name, JsonValue::Kind::boolean);
    return field && field->boolean;
  }
  template <class Enum>
  Enum name(std::string_view field) {
    const std::optional<Enum> value = named(text(field), last_of(Enum{}));
    if (!value) complain(field, "has an unknown value");
    return value.value_or(Enum{});
  }
  Hash hash(std::string_view name) {
    const std::optional<Hash> hash = parse_hash(text(name));
    if (!hash) complain(name, "is not 64 hex digits");
    return hash.value_or(Hash{});
  }
  std::optional<Json> maybe_json(std::string_view name) {
    const JsonValue* field = value_.find(name);
    return field ? std::optional(Json{to_text(*field)}) : std::nullopt;
  }
  const JsonValue& object(std::string_view name) {
    const JsonValue* field = find(name, JsonValue::Kind::object);
    return field ? *field : empty_;
  }
  const std::vector<JsonValue>& list(std::string_view name) {
    const JsonValue* field = find(name, JsonValue::Kind::array);
    return field ? field->items : empty_.items;
  }
  // Empty if the field is not there.
  const std::vector<JsonValue>& maybe_list(std::string_view name) {
    return has(name) ? list(name) : empty_.items;
  }
  void complain(std::string_view name, std::string_view what) {
    if (!wrong_.empty()) return;
    wrong_ = name.empty() ? "it" : "`" + std::string(name) + "`";
    wrong_ += " " + std::string(what);
  }
  [[nodiscard]] std::string& wrong() { return wrong_; }

 private:
  const JsonValue* find(std::string_view name, JsonValue::Kind kind) {
    const JsonValue* field = value_.find(name);
    if (!field) complain(name, "is missing");
    if (field && !field->is(kind)) complain(name, "is of the wrong type");
    return field && field->is(kind) ? field : nullptr;
  }

  const JsonValue& value_;
  std::string& wrong_;
  JsonValue empty_;
};

}  // namespace lockstep
