// SPDX-License-Identifier: Apache-2.0
#include "engine/live/usage_totals.h"

#include <algorithm>
#include <utility>

#include "engine/base/limits.h"
#include "engine/base/must.h"
#include "engine/base/try.h"
#include "engine/rules/fold.h"

namespace lockstep {
namespace {

bool ends_a_run(const Entry& entry) {
  return std::ranges::any_of(
      entry.events, [](const Event& event) { return std::holds_alternative<RunEnded>(event); });
}

RowWrite row_of(const std::string& key, const UsageCounts& counts) {
  return {Table::meta, key, encode(key, counts), RowWrite::Stamp::none};
}

}  // namespace

std::vector<RowWrite> UsageTotals::add(ThreadNumber thread, const ThreadState& before,
                                       const Entry& entry, bool last) {
  if (!read_ || (!last && !ends_a_run(entry))) return {};
  MUST(entry.previous == before.now && !added_.contains(thread));
  ThreadState after = before;
  fold(after, entry);
  std::vector<RowWrite> rows;
  add_to(usage_prefix, thread, usage_of(after, entry, read_), rows);
  if (last) add_to(usage_gone_prefix, thread, usage_of(after, read_), rows);
  return rows;
}

UsageTotals::Sum* UsageTotals::sum_of(const std::string& row_key) {
  const auto [place, fresh] = sums_.try_emplace(row_key);
  if (!fresh) return &place->second;
  const auto stored = read_usage_row(store_, row_key);
  if (!stored) {
    sums_.erase(place);
    return nullptr;
  }
  place->second.counts = *stored;
  return &place->second;
}

void UsageTotals::add_to(std::string_view prefix, ThreadNumber thread, const UsageMap& used,
                         std::vector<RowWrite>& rows) {
  for (const auto& [key, counts] : used) {
    std::string row_key = usage_row_key(prefix, key);
    Sum* sum = sum_of(row_key);
    if (!sum) continue;
    sum->counts += counts;
    ++sum->in_flight;
    rows.push_back(row_of(row_key, sum->counts));
    added_[thread].push_back({std::move(row_key), counts});
  }
}

void UsageTotals::release(const std::string& row_key) {
  const auto sum = sums_.find(row_key);
  MUST(sum != sums_.end() && sum->second.in_flight > 0);
  if (--sum->second.in_flight == 0) sums_.erase(sum);
}

void UsageTotals::happened(ThreadNumber thread) {
  const auto added = added_.extract(thread);
  if (!added) return;
  for (const Added& one : added.mapped()) release(one.row_key);
}

UsageTotals::Correction UsageTotals::failed(ThreadNumber thread) {
  Correction correction;
  const auto added = added_.extract(thread);
  if (!added) return correction;
  for (Added& one : added.mapped()) {
    Sum& sum = sums_.at(one.row_key);
    sum.counts -= one.counts;
    correction.rows.push_back(row_of(one.row_key, sum.counts));
    correction.row_keys.push_back(std::move(one.row_key));
  }
  return correction;
}

void UsageTotals::corrected(const std::vector<std::string>& row_keys) {
  for (const std::string& row_key : row_keys) release(row_key);
}

Result<UsageMap> UsageTotals::sums(const UserId& user, UsageSpan span) const {
  UsageMap by_agent;
  const UsageKey first{user, span.from, AgentName()};
  Scan scan{.table = Table::meta,
            .prefix = usage_rows_of(usage_prefix, user),
            .after = usage_row_key(usage_prefix, first),
            .rows_max = limits::list_max};
  while (true) {
    TRY_LET(rows, store_.scan(scan));
    for (const auto& [row_key, value] : rows) {
      const auto key = decode_usage_key(usage_prefix, row_key);
      if (!key) continue;  // `rebuild` removes it
      if (key->user != user || key->day > span.to) return by_agent;
      TRY_LET(counts, decode_usage_counts(row_key, value));
      by_agent[{user, 0, key->agent}] += counts;
    }
    if (rows.size() < scan.rows_max) return by_agent;
    scan.after = rows.back().first;
  }
}

UsageMap UsageTotals::of(const ThreadState& state, UsageSpan span) const {
  UsageMap by_agent;
  if (!read_) return by_agent;
  for (const auto& [key, counts] : usage_of(state, read_)) {
    if (key.day >= span.from && key.day <= span.to) by_agent[{key.user, 0, key.agent}] += counts;
  }
  return by_agent;
}

}  // namespace lockstep
