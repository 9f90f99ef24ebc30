// SPDX-License-Identifier: Apache-2.0
// usage_rows.h: the rows with the tokens that each user's runs have used.
//
//   meta   `usage/` length:2be user day:4be agent        all runs that ended on that day
//          `usage_gone/` …                               those of them whose threads are deleted
//   value  version:1 · runs:8be · input:8be · cached:8be · output:8be · seal:8
//
// A day is one of UTC, counted from 1970. Values are sums, not differences, so that writing a row
// again changes nothing. A deletion takes the log of a thread away: what its runs used stays in the
// first row, and is added to the second. So a rebuild makes the first row again, as the sum over
// the log and the second row. The seal ties a value to its key, as in row_codec.h.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/ids.h"
#include "engine/base/result.h"
#include "engine/rules/state.h"
#include "engine/rules/usage.h"
#include "engine/store/store.h"

namespace lockstep {

inline constexpr std::string_view usage_prefix = "usage/";
inline constexpr std::string_view usage_gone_prefix = "usage_gone/";

struct UsageKey {
  UserId user;
  std::uint32_t day = 0;
  AgentName agent;
  friend bool operator==(const UsageKey&, const UsageKey&) = default;
  friend auto operator<=>(const UsageKey&, const UsageKey&) = default;
};
using UsageMap = std::map<UsageKey, UsageCounts>;

[[nodiscard]] std::uint32_t day_of(Timestamp at);

// `prefix`: one of the two above. Requires: a name of less than 64 KiB.
[[nodiscard]] std::string usage_row_key(std::string_view prefix, const UsageKey& key);
// The prefix of a user's rows from this day on, and where they begin.
[[nodiscard]] std::string usage_rows_of(std::string_view prefix, const UserId& user);
[[nodiscard]] std::optional<UsageKey> decode_usage_key(std::string_view prefix,
                                                       std::string_view row_key);
[[nodiscard]] std::string encode(std::string_view row_key, const UsageCounts& counts);
// Fails with `corrupt`.
[[nodiscard]] Result<UsageCounts> decode_usage_counts(std::string_view row_key,
                                                      std::string_view value);
// Zeros if there is no such row.
[[nodiscard]] Result<UsageCounts> read_usage_row(const Store& store, const std::string& row_key);
[[nodiscard]] RowWrite usage_row(std::string_view prefix, const UsageKey& key,
                                 const UsageCounts& counts);

// Of the runs that this entry ended. A run's own `usage` counts; without one, those of its
// messages. Requires: `after` is the state after the entry.
[[nodiscard]] UsageMap usage_of(const ThreadState& after, const Entry& entry, ReadUsage read);
// Of all runs of a thread that have ended.
[[nodiscard]] UsageMap usage_of(const ThreadState& state, ReadUsage read);

void add(UsageMap& to, const UsageMap& more);

}  // namespace lockstep
