// SPDX-License-Identifier: Apache-2.0
#include "server/inference/reasoning_details.h"

#include <algorithm>
#include <array>
#include <utility>

#include "schema/json/json_reader.h"
#include "schema/json/json_text.h"
#include "server/inference/limits.h"
#include "server/inference/utf8_repair.h"

namespace lockstep {
namespace {

constexpr std::array<std::string_view, 3> growing = {"text", "summary", "data"};

const std::string* find(const std::vector<JsonMember>& members, std::string_view key) {
  const auto found = std::ranges::find(members, key, &JsonMember::key);
  return found == members.end() ? nullptr : &found->value;
}

std::string string_of(const std::string& json) {
  const auto read = read_json(json, {.depth_max = limits::json_depth_max});
  return read && read->root().is_string() ? std::string(read->root().text()) : std::string();
}

}  // namespace

ReasoningDetails::Item* ReasoningDetails::item_of(const std::vector<JsonMember>& members) {
  const std::string* type = find(members, "type");
  const std::string* index = find(members, "index");
  if (!type || !index) return nullptr;
  const auto found = std::ranges::find_if(items_, [&](const Item& item) {
    const std::string* its_type = find(item.members, "type");
    const std::string* its_index = find(item.members, "index");
    return its_type && its_index && *its_type == *type && *its_index == *index;
  });
  return found == items_.end() ? nullptr : &*found;
}

void ReasoningDetails::Item::add(const JsonMember& member) {
  const auto known = std::ranges::find(members, member.key, &JsonMember::key);
  if (std::ranges::find(growing, member.key) == growing.end()) {
    if (known == members.end()) {
      members.push_back(member);
    } else {
      known->value = member.value;
    }
    return;
  }
  if (known == members.end()) {
    members.push_back({member.key, {}});
    texts.emplace_back(member.key, std::string());
  }
  const auto text =
      std::ranges::find(texts, member.key, &std::pair<std::string, std::string>::first);
  text->second += string_of(member.value);
}

std::string ReasoningDetails::Item::json() const {
  std::string out = "{";
  auto text = texts.begin();
  for (const JsonMember& member : members) {
    const bool kept_apart = member.value.empty();
    append_member(out, member.key, kept_apart ? json_string((text++)->second) : member.value);
  }
  return out + "}";
}

void ReasoningDetails::take(std::string_view element) {
  const auto members = json_members(element);
  if (!members) return;
  Item* item = item_of(*members);
  if (!item) {
    if (items_.size() >= limits::parts_max) return;
    item = &items_.emplace_back();
  }
  fresh_ = true;
  for (const JsonMember& member : *members) {
    if (member.value != "null") item->add(member);
  }
}

std::string ReasoningDetails::list() {
  fresh_ = false;
  std::string out;
  append_array(out, items_, [](std::string& to, const Item& item) { to += item.json(); });
  return out;
}

}  // namespace lockstep
