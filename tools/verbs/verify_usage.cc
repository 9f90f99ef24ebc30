// SPDX-License-Identifier: Apache-2.0
// verify_usage.cc: compares the totals of usage with what the log and the rows of deleted threads
// say.
#include <array>
#include <chrono>
#include <cstdio>

#include "engine/store/usage_partial.h"
#include "tools/store/tables.h"
#include "tools/verbs/verify.h"

namespace lockstep {
namespace {

std::string row_of(const UsageKey& key) {
  const std::chrono::year_month_day day{std::chrono::sys_days(std::chrono::days(key.day))};
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%d-%02u-%02u", static_cast<int>(day.year()),
                static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
  return "of agent " + key.agent.get() + " for " + key.user.get() + " on " + text.data();
}

std::string words(const UsageCounts& counts) {
  return std::to_string(counts.runs) + " runs with " + std::to_string(counts.input) + " + " +
         std::to_string(counts.output) + " tokens";
}

// A run without a usage of its own has that of its messages. One of them may have been deleted
// before its thread was: then the row of the deleted threads has less than was counted.
bool says(const UsageCounts& row, const UsageCounts& wanted, const UsageCounts& gone) {
  if (row == wanted) return true;
  return gone.runs > 0 && row.runs == wanted.runs && row.input >= wanted.input &&
         row.cached >= wanted.cached && row.output >= wanted.output;
}

}  // namespace

std::optional<UsageMap> Verifier::usage_rows(std::string_view prefix, const std::string& table) {
  auto rows = read_table(store_, Table::meta, std::string(prefix));
  if (!rows) {
    problem(table, "can't be read: " + rows.error().detail);
    return std::nullopt;
  }
  UsageMap usage;
  bool whole = true;
  for (const auto& [row_key, value] : *rows) {
    const auto key = decode_usage_key(prefix, row_key);
    const auto counts = decode_usage_counts(row_key, value);
    if (key && counts) {
      usage[*key] += *counts;
      continue;
    }
    whole = false;
    problem(table, key ? "the row " + row_of(*key) + " is damaged" : "a key is damaged");
  }
  if (!whole) return std::nullopt;
  return usage;
}

void Verifier::compare_usage() {
  const std::string table = "the totals of usage";
  const auto rows = usage_rows(usage_prefix, table);
  const auto gone = usage_rows(usage_gone_prefix, table + " of deleted threads");
  const auto partial = store_.get(Table::meta, std::string(usage_partial_key));
  if (!rows || !gone || !usage_known_ || !partial || *partial) return;
  UsageMap wanted = usage_;
  add(wanted, *gone);
  const auto of = [](const UsageMap& usage, const UsageKey& key) {
    const auto found = usage.find(key);
    return found == usage.end() ? UsageCounts() : found->second;
  };
  for (const auto& [key, counts] : wanted) {
    const UsageCounts row = of(*rows, key);
    if (says(row, counts, of(*gone, key))) continue;
    problem(table,
            "the row " + row_of(key) + " says " + words(row) + ", and the log " + words(counts));
  }
  for (const auto& [key, row] : *rows) {
    if (wanted.contains(key) || row == UsageCounts()) continue;
    problem(table, "the row " + row_of(key) + " says " + words(row) + ", and the log none");
  }
}

}  // namespace lockstep
