// SPDX-License-Identifier: Apache-2.0
// salvage_making.cc: makes the folder of the new store, and fills it from the damaged one.
#include "engine/base/codes.h"
#include "engine/base/must.h"
#include "engine/base/try.h"
#include "engine/files/blob_copies.h"
#include "engine/rocks/folder_access.h"
#include "engine/rocks/new_store.h"
#include "engine/rocks/remains.h"
#include "engine/rocks/rocks_keys.h"
#include "engine/rocks/rocks_kv.h"
#include "engine/rocks/witness_file.h"
#include "tools/verbs/salvager.h"

namespace lockstep {
namespace {

// The salvage writes the new store's rows itself: its log appends nothing, so it posts nothing.
class NoStrand final : public Executor {
 public:
  void post(Task) override { MUST(false && "a salvage waits for nothing"); }
  void post_after(std::chrono::microseconds, Task) override { MUST(false && "nor later"); }
  [[nodiscard]] bool runs_here() const override { return true; }
};

// The number in the damaged store's file `commits`, if it is readable.
std::optional<CommitNumber> witness_of(const std::string& folder) {
  const auto file = WitnessFile::open(store_folder::path(folder, store_folder::witness),
                                      WitnessFile::Mode::read_only);
  const auto number = file ? (*file)->read() : std::nullopt;
  return number ? *number : std::nullopt;
}

// This version can't read the format of a newer one.
Result<void> check_format(const Remains& remains, const std::string& folder) {
  for (const auto& [key, value] : remains.rows(KvTable::meta)) {
    const auto format = key == format_key ? decode_number(value) : std::nullopt;
    if (!format || *format <= log_format_version) continue;
    return fail(Kind::rejected, codes::newer_format,
                folder + " has format " + std::to_string(*format) +
                    ", this program knows formats up " + "to " +
                    std::to_string(log_format_version) + ": use a newer version");
  }
  return {};
}

class Salvage {
 public:
  Salvage(const SalvageAsked& asked, Clock& clock, Random& random)
      : asked_(asked), clock_(clock), random_(random) {}

  Result<Salvaged> run() {
    TRY(check_access(asked_.from, store_names, Use::read));
    TRY(store_folder::check_is_there(asked_.from));
    // The lock keeps a server from writing to the folder meanwhile.
    TRY_LET(from, FolderLock::take(asked_.from, FolderLock::Mode::shared));
    TRY_LET(remains, Remains::open(store_folder::path(asked_.from, store_folder::database)));
    TRY(check_format(*remains, asked_.from));
    TRY(store_folder::check_outside(asked_.to, asked_.from));
    TRY_LET(to, NewStore::in(asked_.to));
    TRY(to->begin());
    auto salvaged = fill(*to, *remains);
    if (!salvaged) return salvaged;
    TRY_LET(lost, salvage_blobs(asked_.from, asked_.to));
    for (const BlobName& blob : lost) {
      salvaged->damages.push_back("the blob blobs/" + blob.user + "/" + blob.hash + " is damaged");
    }
    salvaged->blobs_missing = lost.size();
    TRY(to->finish());
    return salvaged;
  }

 private:
  Result<Salvaged> fill(const NewStore& store, Remains& remains) {
    FailStop fail_stop([](const std::string&) {});  // `commit` returns the error too
    TRY_LET(kv, RocksKv::open(store.database(), {}, fail_stop));
    TRY_LET(witness, WitnessFile::open(store.witness(), WitnessFile::Mode::read_write));
    NoStrand strand;
    TRY_LET(log, KvLog::open({.kv = *kv,
                              .witness = *witness,
                              .fail_stop = fail_stop,
                              .executor = strand,
                              .random = random_}));
    Salvager salvager({.remains = remains,
                       .witness = witness_of(asked_.from),
                       .kv = *kv,
                       .log = *log,
                       .clock = clock_,
                       .random = random_,
                       .progress = asked_.progress});
    auto salvaged = salvager.run();
    if (!salvaged) return salvaged;
    TRY(witness->write(salvaged->new_last));
    TRY(witness->sync());
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
