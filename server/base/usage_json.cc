// SPDX-License-Identifier: Apache-2.0
#include "server/base/usage_json.h"

#include <algorithm>
#include <optional>

#include "schema/json/json_reader.h"
#include "schema/json/limits.h"
#include "server/base/usage_limits.h"

namespace lockstep {
namespace {

std::optional<std::uint64_t> count_in(const JsonNode& object, std::string_view name) {
  const auto found = object.find(name);
  const auto count = found ? found->whole() : std::nullopt;
  return count ? std::optional(std::min(*count, limits::usage_tokens_max)) : std::nullopt;
}

std::uint64_t cached_in(const JsonNode& usage, std::string_view details) {
  const auto found = usage.find(details);
  if (const auto count = found ? count_in(*found, "cached_tokens") : std::nullopt) return *count;
  return count_in(usage, "prompt_cache_hit_tokens").value_or(0);
}

}  // namespace

UsageCounts read_usage(std::string_view json) {
  UsageCounts counts;
  const auto document = read_json(json, unbounded_json(limits::json_depth_max));
  if (!document) return counts;
  const JsonNode usage = document->root();
  if (const auto input = count_in(usage, "prompt_tokens")) {
    counts.input = *input;
    counts.cached = cached_in(usage, "prompt_tokens_details");
    counts.output = count_in(usage, "completion_tokens").value_or(0);
  } else {
    counts.input = count_in(usage, "input_tokens").value_or(0);
    counts.cached = cached_in(usage, "input_tokens_details");
    counts.output = count_in(usage, "output_tokens").value_or(0);
    // What was read from a cache or written to it is counted apart.
    const std::uint64_t read = count_in(usage, "cache_read_input_tokens").value_or(0);
    counts.input += read + count_in(usage, "cache_creation_input_tokens").value_or(0);
    counts.cached += read;
  }
  counts.cached = std::min(counts.cached, counts.input);
  return counts;
}

}  // namespace lockstep
