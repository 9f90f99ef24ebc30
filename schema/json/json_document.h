// SPDX-License-Identifier: Apache-2.0
// json_document.h: a JSON text that was read, as a flat list of its values.
//
// The values stand in the order of the text, each in 16 bytes. Their texts (strings without their
// escapes, numbers as they were written) stand in one string next to them:
//
//   {"a":[1,2],"b":"x"}
//   nodes   object(2 members) | "a" | array(2) | 1 | 2 | "b" | "x"
//   bytes   a12bx
//
// A node has the place of the node behind its subtree, so that a search for a member steps over
// values and not through them. Names are compared, not hashed, and their number is bounded
// (limits.h), so no choice of names makes a text expensive. A number keeps its digits, because only
// its reader knows how many of them fit.
//
// A `JsonNode` is a place in a document: it is valid as long as the document lives.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

enum class JsonKind : std::uint8_t { null, truth, lie, number, string, array, object };

class JsonDocument;

class JsonNode {
 public:
  // A null without a document: a missing member reads as this.
  JsonNode() = default;

  [[nodiscard]] JsonKind kind() const;
  [[nodiscard]] bool is_null() const { return kind() == JsonKind::null; }
  [[nodiscard]] bool is_flag() const {
    return kind() == JsonKind::truth || kind() == JsonKind::lie;
  }
  [[nodiscard]] bool is_number() const { return kind() == JsonKind::number; }
  [[nodiscard]] bool is_string() const { return kind() == JsonKind::string; }
  [[nodiscard]] bool is_array() const { return kind() == JsonKind::array; }
  [[nodiscard]] bool is_object() const { return kind() == JsonKind::object; }

  // The content of a string, the digits of a number; empty for all other kinds.
  [[nodiscard]] std::string_view text() const;
  // The number of elements or members; 0 for all other kinds.
  [[nodiscard]] std::size_t size() const;
  // Nothing unless this is a number that is written as an integer and fits.
  [[nodiscard]] std::optional<std::int64_t> integer() const;
  [[nodiscard]] std::optional<std::uint64_t> whole() const;

  // The member of this name; of several, the last. Nothing if there is no such member, or if this
  // is not an object.
  [[nodiscard]] std::optional<JsonNode> find(std::string_view name) const;

  // Calls `take(JsonNode)` for each element, `take(std::string_view name, JsonNode)` for each
  // member.
  template <class Take>
  void each_element(Take take) const;
  template <class Take>
  void each_member(Take take) const;

 private:
  friend class JsonDocument;
  JsonNode(const JsonDocument& document, std::uint32_t at) : document_(&document), at_(at) {}

  const JsonDocument* document_ = nullptr;
  std::uint32_t at_ = 0;
};

class JsonDocument {
 public:
  [[nodiscard]] JsonNode root() const { return {*this, 0}; }
  [[nodiscard]] std::size_t nodes() const { return nodes_.size(); }

 private:
  friend class JsonNode;
  friend class JsonBuilder;

  struct Node {
    std::uint32_t begin = 0;  // of its text, in `bytes_`
    std::uint32_t size = 0;   // of its text; of an array or object, how many it holds
    std::uint32_t next = 0;   // the node behind this one and its whole subtree
    JsonKind kind = JsonKind::null;
  };
  static_assert(sizeof(Node) == 16);

  [[nodiscard]] std::string_view text_of(const Node& node) const {
    return std::string_view(bytes_).substr(node.begin, node.size);
  }

  std::vector<Node> nodes_;
  std::string bytes_;
};

template <class Take>
void JsonNode::each_element(Take take) const {
  if (!is_array()) return;
  std::uint32_t at = at_ + 1;
  for (std::size_t left = size(); left > 0; --left) {
    take(JsonNode(*document_, at));
    at = document_->nodes_[at].next;
  }
}

template <class Take>
void JsonNode::each_member(Take take) const {
  if (!is_object()) return;
  std::uint32_t at = at_ + 1;
  for (std::size_t left = size(); left > 0; --left) {
    take(JsonNode(*document_, at).text(), JsonNode(*document_, at + 1));
    at = document_->nodes_[at + 1].next;
  }
}

// Compact text: members in their order, numbers as they were written.
void append_json(std::string& out, JsonNode node);
[[nodiscard]] std::string to_json(JsonNode node);

}  // namespace lockstep
