// SPDX-License-Identifier: Apache-2.0
#include "tests/damage/trial.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <mutex>
#include <optional>

#include "engine/base/codes.h"
#include "engine/rocks/rocks_log.h"
#include "tests/support/engine_fixture.h"
#include "tools/verbs/verify.h"

namespace lockstep::damage {
namespace {

constexpr std::size_t cache_bytes = 1 << 20;

// The parts that opening needs. No commit happens, so no other thread uses the strand.
struct Surroundings {
  test::SteppedExecutor executor;
  test::CountedRandom random;
  [[nodiscard]] RocksLog::Parts parts() {
    return {.executor = executor,
            .random = random,
            .options = {.block_cache_bytes = cache_bytes, .write_buffer_bytes = cache_bytes}};
  }
};

void refuse(Verdict& verdict, Outcome outcome, const Error& error) {
  const std::string detail = error.code + ": " + error.detail;
  verdict.named = verdict.named && names_it(error.detail);
  if (verdict.outcome == Outcome::exact) verdict.detail = detail;
  verdict.outcome = std::max(verdict.outcome, outcome);
}

void differ(Verdict& verdict, const std::string& what) {
  if (verdict.outcome != Outcome::different) verdict.detail = what;
  verdict.outcome = Outcome::different;
}

bool may_refuse(const Error& error) {
  return error.kind == Kind::corrupt || error.kind == Kind::unavailable ||
         (error.kind == Kind::rejected && error.code != "invalid");
}

// Compares one answer with the earlier one: it must be the same, or `corrupt`.
template <class T>
void compare(Verdict& verdict, const std::string& name, const Result<T>& was, const Result<T>& is) {
  if (is.has_value() && was.has_value()) {
    if (!(*is == *was)) differ(verdict, name + " shows something else");
  } else if (was.has_value() && may_refuse(is.error())) {
    refuse(verdict, Outcome::quarantined, is.error());
  } else if (was.has_value()) {
    differ(verdict, name + " answers " + is.error().code);
  } else if (is.has_value()) {
    differ(verdict, name + " is back: it was " + was.error().code);
  } else if (is.error().code != was.error().code) {
    if (!may_refuse(is.error())) return differ(verdict, name + " answers " + is.error().code);
    refuse(verdict, Outcome::quarantined, is.error());
  }
}

void judge(Verdict& verdict, const BaseStore& base, KvLog& log) {
  verdict.through_engine = true;
  const auto shown = look(log, log, base.threads);
  if (!shown) return refuse(verdict, Outcome::refused, shown.error());
  for (const auto& [name, was] : base.shown.threads) {
    compare(verdict, to_string(name), was, shown->threads.at(name));
  }
  for (const auto& [user, was] : base.shown.lists) {
    compare(verdict, "the list of " + user.get(), was, shown->lists.at(user));
  }
}

// Are all rows as they were? An error of the disk is no row.
bool all_rows_are_there(const BaseStore& base, const Kv& kv) {
  for (std::size_t table = 0; table < kv_table_count; ++table) {
    const auto rows = rows_of(kv, static_cast<KvTable>(table));
    if (!rows || *rows != base.rows[table]) return false;
    // Read by key too: this uses the filters, and a scan does not.
    for (const auto& [key, value] : *rows) {
      const auto found = kv.get(static_cast<KvTable>(table), key);
      if (!found || *found != value) return false;
    }
  }
  return true;
}

// Rows that the engine's answers don't show: open runs and `meta`.
void compare_hidden(Verdict& verdict, const BaseStore& base, const Kv& kv) {
  for (const KvTable table : {KvTable::open_runs, KvTable::meta, KvTable::settings}) {
    const auto rows = rows_of(kv, table);
    if (!rows) {
      refuse(verdict, Outcome::quarantined, rows.error());
    } else if (*rows != base.rows[static_cast<std::size_t>(table)]) {
      differ(verdict, "table " + std::to_string(static_cast<int>(table)) + " has other rows");
    }
  }
}

struct Serving {
  const std::string& folder;
  Look look;
  bool refused_read_only;
};

void serve(Verdict& verdict, const BaseStore& base, const Serving& serving) {
  Surroundings around;
  std::mutex mutex;
  std::string failure;
  auto rocks = RocksLog::open(serving.folder, around.parts(), [&](const std::string& reason) {
    std::lock_guard lock(mutex);
    failure = reason;
  });
  verdict.opened_to_write = true;
  verdict.paths_differ = rocks.has_value() == serving.refused_read_only;
  if (!rocks) return refuse(verdict, Outcome::refused, rocks.error());
  const bool all = all_rows_are_there(base, (*rocks)->kv());
  if (!all || serving.look == Look::always_through_engine) judge(verdict, base, (*rocks)->log());
  if (!all && verdict.outcome == Outcome::exact) {
    compare_hidden(verdict, base, (*rocks)->kv());
  }
  std::lock_guard lock(mutex);
  if (!failure.empty()) {
    refuse(verdict, Outcome::refused, {Kind::unavailable, codes::storage_failed, failure});
  }
}

// Why it can't be opened read-only, if it can't.
std::optional<Error> verify(Verdict& verdict, const std::string& folder) {
  Surroundings around;
  const auto found = [&](std::string what) {
    verdict.verify_found = true;
    verdict.verify_detail = std::move(what);
  };
  auto rocks = RocksLog::open_read_only(folder, around.parts());
  if (!rocks) {
    found(rocks.error().code + ": " + rocks.error().detail);
    return rocks.error();
  }
  Verifier verifier((*rocks)->kv(), (*rocks)->log());
  const auto verified = verifier.run({});
  if (!verified) {
    found(verified.error().code + ": " + verified.error().detail);
  } else if (!verified->problems.empty()) {
    found(verified->problems.front().where + ": " + verified->problems.front().what);
  } else if (const auto tables = (*rocks)->kv().check_tables(); !tables) {
    found("the tables: " + tables.error().detail);
  }
  return {};
}

}  // namespace

bool names_it(const std::string& detail) {
  static constexpr std::array<std::string_view, 11> names{
      ".sst",     "MANIFEST", "CURRENT", ".log",     "OPTIONS",   "`commits`",
      "commits ", "commit ",  "thread ", "IDENTITY", "log number"};
  return std::ranges::any_of(
      names, [&](std::string_view name) { return detail.find(name) != std::string::npos; });
}

Verdict try_out(const BaseStore& base, const Image& damaged, const std::string& folder, Look look) {
  lay_out(damaged, folder);
  Verdict verdict;
  const auto refusal = verify(verdict, folder);
  if (refusal && look == Look::refusal_is_enough) {
    refuse(verdict, Outcome::refused, *refusal);
  } else {
    serve(verdict, base, {folder, look, refusal.has_value()});
  }
  std::filesystem::remove_all(folder);
  return verdict;
}

bool keeps_the_law(const Verdict& verdict) {
  if (verdict.outcome == Outcome::exact) return true;
  return verdict.outcome != Outcome::different && verdict.named && verdict.verify_found;
}

}  // namespace lockstep::damage
