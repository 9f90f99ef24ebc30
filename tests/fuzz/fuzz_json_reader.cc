// SPDX-License-Identifier: Apache-2.0
// The law: any input is read within its limits or refused; a read value can be written, and is read
// as the same value again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "schema/json/json_members.h"
#include "schema/json/json_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lockstep;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const JsonRules rules{
      .depth_max = 8, .members_max = 20, .elements_max = 20, .nodes_max = 64, .name_bytes_max = 16};

  const auto read = read_json(text, rules);
  if (!read) return 0;
  if (read->nodes() > rules.nodes_max) std::abort();
  const std::string written = to_json(read->root());
  const auto again = read_json(written, rules);
  if (!again || to_json(again->root()) != written) std::abort();
  if (read->root().is_object() != is_json_object(text, rules.depth_max)) std::abort();
  const auto members = json_members(text);
  if (members.has_value() != is_json_object(text)) std::abort();
  if (members && members->size() != read->root().size()) std::abort();
  return 0;
}
