// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/wire_front_message.h"

#include <openssl/evp.h>

#include <array>
#include <set>
#include <utility>

#include "tests/sim/wire_front_text.h"

namespace lockstep::sim {

using boost::json::array;
using boost::json::object;
using boost::json::value;

namespace {

void netstring(std::string& out, std::string_view bytes) {
  out += std::to_string(bytes.size());
  out += ':';
  out += bytes;
  out += ',';
}

void netstrings_of_part(std::string& out, const object& part) {
  const std::string_view type = text_field(part, "type");
  netstring(out, type);
  const auto add = [&out, &part](std::string_view name) { netstring(out, text_field(part, name)); };
  if (type == "text" || type == "reasoning") {
    add("text");
  } else if (type == "tool_call") {
    add("name");
    add("arguments");
  } else if (type == "tool_result") {
    add("call");
    add("content");
    if (part.contains("failed")) netstring(out, "failed");
  } else if (type == "file") {
    add("uri");
  } else {
    fits(type == "data", "a part of type " + std::string(type));
    add("name");
  }
}

std::string sha256(std::string_view bytes) {
  std::string sum(EVP_MAX_MD_SIZE, '\0');
  unsigned int length = 0;
  const int done =
      EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(sum.data()), &length,
                 EVP_sha256(), nullptr);
  fits(done == 1, "SHA-256 is not to be had");
  sum.resize(length);
  return sum;
}

// The one field of a part that may grow, or nothing.
std::string_view growing_field(const object& part) {
  const std::string_view type = text_field(part, "type");
  if (type == "text" || type == "reasoning") return "text";
  return type == "tool_call" ? "arguments" : "";
}

}  // namespace

bool may_grow(const object& part) { return !growing_field(part).empty(); }

// The part becomes its first `at` units, then `text`.
void write_part(value& part, std::uint64_t at, std::string_view text) {
  const std::string_view name = growing_field(object_of(part));
  fits(!name.empty(), "a part that can't grow is written to");
  boost::json::string& content = part.get_object().at(name).as_string();
  content.resize(byte_of_unit(content, at));
  content += text;
}

void check_part(const value& from) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 9> needs{{
      {"text", "text"},
      {"reasoning", "text"},
      {"tool_call", "id"},
      {"tool_call", "name"},
      {"tool_call", "arguments"},
      {"tool_result", "call"},
      {"tool_result", "content"},
      {"file", "uri"},
      {"data", "name"},
  }};
  const object& part = object_of(from);
  const std::string_view type = text_field(part, "type");
  bool known = false;
  for (const auto& [of, name] : needs) {
    if (of != type) continue;
    known = true;
    fits(part.contains(name) && part.at(name).is_string(),
         "a part without `" + std::string(name) + "`");
  }
  fits(known, "a part of type " + std::string(type));
  fits(type != "data" || part.contains("value"), "a data part without a value");
}

void check_message(const object& message) {
  static const std::set<std::string_view> roles{"system", "user", "assistant", "tool"};
  static const std::set<std::string_view> statuses{"open", "complete", "stopped", "failed",
                                                   "interrupted"};
  const value& parent = field(message, "parent");
  fits(parent.is_null() || parent.is_string(), "a parent is an id or null");
  fits(roles.contains(text_field(message, "role")), "a message's role is unknown");
  fits(statuses.contains(text_field(message, "status")), "a message's status is unknown");
  fits(number_field(message, "created") <= number_field(message, "updated"),
       "a message was updated before it was created");
  const value* continues = message.if_contains("continues");
  fits(continues == nullptr || *continues == parent, "a message continues another than its parent");
  for (const value& part : list_field(message, "parts")) check_part(part);
  check_notes(message);
}

void check_notes(const object& message) {
  static const std::set<std::string_view> statuses{"needs_approval", "approved", "denied",
                                                   "running"};
  const value* calls = message.if_contains("calls");
  if (calls == nullptr) return;
  fits(!calls->as_array().empty(), "an empty list of notes");
  const array& parts = list_field(message, "parts");
  std::uint64_t next = 0;
  for (const value& each : calls->as_array()) {
    const object& note = object_of(each);
    const std::uint64_t part = number_field(note, "part");
    fits(part >= next, "the notes of calls are not in order");
    next = part + 1;
    fits(part < parts.size() && text_field(object_of(parts[part]), "type") == "tool_call",
         "a note of a part that is no call");
    fits(statuses.contains(text_field(note, "status")), "the state of a call is unknown");
  }
}

// Parent, role and run of a message never change, nor when it was created and what it goes on from.
void check_same(const object& held, const object& message) {
  for (const std::string_view name : {"parent", "role", "run", "created", "continues"}) {
    const value* before = held.if_contains(name);
    const value* after = message.if_contains(name);
    const bool same = before == nullptr || after == nullptr ? before == after : *before == *after;
    fits(same, "`" + std::string(name) + "` of a message changed");
  }
}

std::string message_digest(std::string_view parent, const object& message) {
  const array& parts = list_field(message, "parts");
  std::string bytes(parent);
  netstring(bytes, text_field(message, "id"));
  netstring(bytes, text_field(message, "role"));
  netstring(bytes, std::to_string(parts.size()));
  for (const value& part : parts) netstrings_of_part(bytes, object_of(part));
  if (const value* calls = message.if_contains("calls")) {
    for (const value& each : calls->as_array()) {
      const object& note = object_of(each);
      netstring(bytes, "call");
      netstring(bytes, std::to_string(number_field(note, "part")));
      netstring(bytes, text_field(note, "status"));
      netstring(bytes, note.contains("reason") ? text_field(note, "reason") : "");
    }
  }
  if (message.contains("continues")) {
    netstring(bytes, "continues");
    netstring(bytes, text_field(message, "continues"));
  }
  return sha256(bytes);
}

}  // namespace lockstep::sim
