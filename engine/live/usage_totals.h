// SPDX-License-Identifier: Apache-2.0
// usage_totals.h: keeps the totals of usage, in the same batch as the entries that end runs.
//
// The rows (usage_rows.h) hold sums of several threads, whose entries may be in flight at once. So
// a row is made when its entry goes to the log, as one sum over what the store has and what is in
// flight: entries become durable in that order, and each row is true with its entry. A crash keeps
// an entry and its rows, or neither.
//
// If an entry could not be written, later rows that are in flight hold its usage too. Then the
// engine writes these rows again, without it.
//
// Lives on: the engine strand.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/rules/usage.h"
#include "engine/store/usage_rows.h"

namespace lockstep {

// The days of a question, both included.
struct UsageSpan {
  std::uint32_t from = 0;
  std::uint32_t to = ~std::uint32_t{0};
};

class UsageTotals {
 public:
  // `reader`: null: nothing is counted.
  UsageTotals(const Store& store, ReadUsage reader) : store_(store), read_(reader) {}
  UsageTotals(const UsageTotals&) = delete;
  UsageTotals& operator=(const UsageTotals&) = delete;

  // The rows of an entry that goes to the log next. `last`: it deletes the thread. If the present
  // sum can't be read, the row stays as it is, and a rebuild makes it again. Requires: `before` is
  // the state before the entry; the thread has no other entry in flight.
  [[nodiscard]] std::vector<RowWrite> add(ThreadNumber thread, const ThreadState& before,
                                          const Entry& entry, bool last);
  // The thread's entry is durable.
  void happened(ThreadNumber thread);
  // It was not written. The rows must be written again; call `corrected` when that is done.
  struct Correction {
    std::vector<RowWrite> rows;  // empty: nothing was counted
    std::vector<std::string> row_keys{};
  };
  [[nodiscard]] Correction failed(ThreadNumber thread);
  void corrected(const std::vector<std::string>& row_keys);

  // The sums of a user, by agent.
  [[nodiscard]] Result<UsageMap> sums(const UserId& user, UsageSpan span) const;
  // Of one thread, from its runs.
  [[nodiscard]] UsageMap of(const ThreadState& state, UsageSpan span) const;

 private:
  struct Sum {
    UsageCounts counts;
    std::uint32_t in_flight = 0;
  };
  struct Added {
    std::string row_key;
    UsageCounts counts;
  };
  Sum* sum_of(const std::string& row_key);  // null: it can't be read
  void release(const std::string& row_key);
  void add_to(std::string_view prefix, ThreadNumber thread, const UsageMap& used,
              std::vector<RowWrite>& rows);

  const Store& store_;
  ReadUsage read_;
  std::unordered_map<std::string, Sum> sums_;  // by the key of the row: those in flight
  std::unordered_map<ThreadNumber, std::vector<Added>> added_;
};

}  // namespace lockstep
