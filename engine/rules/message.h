// SPDX-License-Identifier: Apache-2.0
// message.h: what a message is: its parts, its parent, and how it ended.
//
// The state holds messages as screens show them; the events of `event.h` make and change them.
// Lengths and offsets count UTF-16 code units (text.h).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "engine/base/cow.h"
#include "engine/base/ids.h"
#include "engine/base/json.h"
#include "engine/base/must.h"
#include "engine/rules/calls.h"
#include "engine/rules/opaque.h"

namespace lockstep {

enum class Role : std::uint8_t { system, user, assistant, tool };
// As digests, the protocol and models name it.
[[nodiscard]] std::string_view name_of(Role role);
enum class MessageStatus : std::uint8_t { open, complete, stopped, failed, interrupted };

// --- Parts ---------------------------------------------------------------------------------------

struct TextPart {
  std::string text;
  friend bool operator==(const TextPart&, const TextPart&) = default;
};
struct ReasoningPart {
  std::string text;
  friend bool operator==(const ReasoningPart&, const ReasoningPart&) = default;
};
struct ToolCallPart {
  std::string id;
  std::string name;
  std::string arguments;  // JSON text, which may still grow
  friend bool operator==(const ToolCallPart&, const ToolCallPart&) = default;
};
struct ToolResultPart {
  std::string call;
  std::string content;
  // The engine made it, for a call that had no result (call_results.h). Stores of a format before 3
  // have no mark.
  bool made = false;
  bool failed = false;  // the tool says so: `content` is its error
  friend bool operator==(const ToolResultPart&, const ToolResultPart&) = default;
};
struct FilePart {
  std::string uri;
  std::optional<std::string> media_type;
  std::optional<std::string> name;
  friend bool operator==(const FilePart&, const FilePart&) = default;
};
struct DataPart {
  std::string name;
  Json value;
  friend bool operator==(const DataPart&, const DataPart&) = default;
};
using Part =
    std::variant<TextPart, ReasoningPart, ToolCallPart, ToolResultPart, FilePart, DataPart>;

// The text of a part that can grow and be cut (text, reasoning, a call's arguments); null for
// others.
[[nodiscard]] const std::string* growing_text(const Part& part);
[[nodiscard]] std::string* growing_text(Part& part);

// The content of a message, which may have megabytes: the request, the entry that puts it, and the
// states before and after share it until one of them is edited (cow.h).
class Parts {
 public:
  Parts() = default;
  explicit(false) Parts(std::vector<Part> parts) : parts_(std::move(parts)) {}
  Parts(std::initializer_list<Part> parts) : Parts(std::vector<Part>(parts)) {}

  [[nodiscard]] std::size_t size() const { return parts_ ? parts_->size() : 0; }
  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] const Part* begin() const { return parts_ ? parts_->data() : nullptr; }
  [[nodiscard]] const Part* end() const { return begin() + size(); }
  [[nodiscard]] const Part& front() const { return (*this)[0]; }
  [[nodiscard]] const Part& back() const { return (*this)[size() - 1]; }
  const Part& operator[](std::size_t at) const {
    MUST(at < size());
    return (*parts_)[at];
  }
  [[nodiscard]] bool shares_with(const Parts& other) const {
    return parts_.shares_with(other.parts_);
  }

  // Copies the parts first if another value shares them.
  std::vector<Part>& edit() { return parts_.edit(); }
  void clear() { parts_ = {}; }

  friend bool operator==(const Parts& left, const Parts& right) {
    return left.shares_with(right) || std::ranges::equal(left, right);
  }

 private:
  Cow<std::vector<Part>> parts_;  // without a value: none
};

// --- Messages ------------------------------------------------------------------------------------

// How a model server ended an answer, in its own words. Each at most `limits::finish_bytes_max`
// bytes.
struct Finish {
  std::optional<std::string> reason;  // `stop`, `length`, `tool_calls`, `content_filter` or another
  std::optional<std::string> model;   // the one that answered: routers choose another than asked
  friend bool operator==(const Finish&, const Finish&) = default;
};
// The reason of an answer that was cut at a limit of its length.
inline constexpr std::string_view length_reason = "length";

struct Message {
  MessageId id;
  std::optional<MessageId> parent;
  Role role = Role::user;
  std::optional<std::string> author;
  std::optional<RunId> run;
  Parts parts;
  MessageStatus status = MessageStatus::complete;
  Timestamp created;
  Timestamp updated;
  std::optional<Json> usage;
  std::optional<Json> metadata;
  Finish finish{};
  // The parent, if this message goes on where the parent was cut: screens show one answer, and
  // models get one turn.
  std::optional<MessageId> continues{};
  Opaque opaque{};
  std::vector<CallNote> calls{};  // by part, at most one each
  friend bool operator==(const Message&, const Message&) = default;
};

}  // namespace lockstep
