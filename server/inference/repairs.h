// SPDX-License-Identifier: Apache-2.0
// repairs.h: the differences between a request and its path, by kind.
//
// What the user sees is what the model sees. Where a provider refuses a part of a path, or has no
// place for it, the request differs, and a repair of one of these kinds says so: what differs, how
// often, and where. docs/agents.md gives the reason for each kind.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/rules/producer.h"

namespace lockstep {

enum class RepairKind : std::uint8_t {
  reasoning_left_out,
  placeholder,
  empty_left_out,
  joined,
  no_result,
  made_result_left_out,
  result_left_out,
  arguments_wrapped,
  call_left_out,
  file_as_text,
  data_as_text,
  tool_text_as_users,
  name_changed,
  author_in_text,
  parameter_left_out,
  continue_asked,
  call_name_changed,
  dropped,
  call_id_changed,
  system_moved,
  space_cut,
  thinking_off,
  summarised,
  summary_asked,
  file_missing,
  files_over_limit,
};
inline constexpr std::size_t repair_kinds = 26;

struct RepairText {
  std::string_view kind;  // snake case
  std::string_view ids;   // what the ids name: message, call or parameter
  std::string_view text;  // a sentence
};
[[nodiscard]] const RepairText& text_of(RepairKind kind);

// Counts what differs, and remembers the first ids of each kind (limits::repair_ids_max).
class Repairs {
 public:
  void add(RepairKind kind, std::string_view id);
  // In the order of the kinds.
  [[nodiscard]] std::vector<Repair> take();

 private:
  std::array<Repair, repair_kinds> repairs_{};
  std::array<std::uint64_t, repair_kinds> counts_{};
};

}  // namespace lockstep
