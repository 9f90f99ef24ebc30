// SPDX-License-Identifier: Apache-2.0
// salvage_making.cc: the new store's folder, from its beginning to its name.
#include "engine/base/must.h"
#include "engine/rocks/folder_access.h"
#include "engine/rocks/new_store.h"
#include "engine/rocks/remains.h"
#include "engine/rocks/rocks_keys.h"
#include "engine/rocks/rocks_kv.h"
#include "engine/rocks/witness_file.h"
#include "tools/verbs/salvager.h"

namespace lockstep {
namespace {

// Nothing is appended through the log of the new store.
class NoStrand final : public Executor {
 public:
  void post(Task) override { MUST(false && "a salvage waits for nothing"); }
  void post_after(std::chrono::microseconds, Task) override { MUST(false && "nor later"); }
  [[nodiscard]] bool runs_here() const override { return true; }
};

// What the damaged store's side file says, if it can be read.
std::optional<CommitNumber> mark_of(const std::string& folder) {
  const auto file =
      MarkFile::open(store_folder::path(folder, store_folder::mark), MarkFile::Mode::read_only);
  const auto number = file ? (*file)->read() : std::nullopt;
  return number ? *number : std::nullopt;
}

// What a newer version keeps, and how, is not known here.
Result<void> check_format(const Remains& remains, const std::string& folder) {
  for (const auto& [key, value] : remains.rows(KvTable::meta)) {
    const auto format = key == format_key ? decode_number(value) : std::nullopt;
    if (!format || *format <= log_format_version) continue;
    return fail(Kind::rejected, "newer_format",
                folder + " has format " + std::to_string(*format) + ", this program knows " +
                    std::to_string(log_format_version) + " at the most: use a newer one");
  }
  return {};
}

class Salvage {
 public:
  Salvage(const SalvageAsked& asked, Clock& clock, Random& random)
      : asked_(asked), clock_(clock), random_(random) {}

  Result<Salvaged> run() {
    if (auto open = check_access(asked_.from, store_names, Use::read); !open) {
      return std::unexpected(open.error());
    }
    if (auto there = store_folder::check_is_there(asked_.from); !there) {
      return std::unexpected(there.error());
    }
    // A server that runs on it would write on.
    const auto from = FolderLock::take(asked_.from, FolderLock::Mode::shared);
    if (!from) return std::unexpected(from.error());
    auto remains = Remains::open(store_folder::path(asked_.from, store_folder::database));
    if (!remains) return std::unexpected(remains.error());
    if (auto known = check_format(**remains, asked_.from); !known) {
      return std::unexpected(known.error());
    }
    if (auto apart = store_folder::check_outside(asked_.to, asked_.from); !apart) {
      return std::unexpected(apart.error());
    }
    auto to = NewStore::in(asked_.to);
    if (!to) return std::unexpected(to.error());
    if (auto begun = (*to)->begin(); !begun) return std::unexpected(begun.error());
    auto salvaged = fill(**to, **remains);
    if (!salvaged) return salvaged;
    if (auto finished = (*to)->finish(); !finished) return std::unexpected(finished.error());
    return salvaged;
  }

 private:
  Result<Salvaged> fill(const NewStore& store, Remains& remains) {
    FailStop fail_stop([](const std::string&) {});  // `commit` says it too
    auto kv = RocksKv::open(store.database(), {}, fail_stop);
    if (!kv) return std::unexpected(kv.error());
    auto mark = MarkFile::open(store.mark(), MarkFile::Mode::read_write);
    if (!mark) return std::unexpected(mark.error());
    NoStrand strand;
    const auto log = KvLog::open({.kv = **kv,
                                  .mark = **mark,
                                  .fail_stop = fail_stop,
                                  .executor = strand,
                                  .random = random_});
    if (!log) return std::unexpected(log.error());
    Salvager salvager({.remains = remains,
                       .mark = mark_of(asked_.from),
                       .kv = **kv,
                       .log = **log,
                       .clock = clock_,
                       .random = random_,
                       .progress = asked_.progress});
    auto salvaged = salvager.run();
    if (!salvaged) return salvaged;
    if (auto marked = (*mark)->write(salvaged->new_last); !marked) {
      return std::unexpected(marked.error());
    }
    if (auto synced = (*mark)->sync(); !synced) return std::unexpected(synced.error());
    return salvaged;
  }

  const SalvageAsked& asked_;
  Clock& clock_;
  Random& random_;
};

}  // namespace

Result<Salvaged> salvage_store(const SalvageAsked& asked, Clock& clock, Random& random) {
  return Salvage(asked, clock, random).run();
}

}  // namespace lockstep
