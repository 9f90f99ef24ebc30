// SPDX-License-Identifier: Apache-2.0
// reasoning_details.h: the signed or encrypted reasoning of a Chat Completions stream.
//
// OpenRouter sends `reasoning_details` beside the text of the reasoning: items of the types
// `reasoning.text`, `reasoning.summary` and `reasoning.encrypted`, some with a signature. Items
// come in pieces: those of one type and one `index` are one item. A later request must bring the
// list back as it was, or the model thinks anew, or its provider refuses the turn. Source:
// OpenRouter's documentation, "Reasoning tokens", "Preserving reasoning".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schema/json/json_members.h"

namespace lockstep {

class ReasoningDetails {
 public:
  // One element of the list, JSON. Anything but an object is ignored.
  void take(std::string_view element);

  // Has it changed since `list`?
  [[nodiscard]] bool is_fresh() const { return fresh_; }
  // The items so far, as a JSON array.
  [[nodiscard]] std::string list();

 private:
  struct Item {
    std::vector<JsonMember> members;  // of which texts are kept apart, because they grow
    std::vector<std::pair<std::string, std::string>> texts;
    void add(const JsonMember& member);
    [[nodiscard]] std::string json() const;
  };
  [[nodiscard]] Item* item_of(const std::vector<JsonMember>& members);

  std::vector<Item> items_;
  bool fresh_ = false;
};

}  // namespace lockstep
