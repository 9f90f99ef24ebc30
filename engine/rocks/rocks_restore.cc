// SPDX-License-Identifier: Apache-2.0
// rocks_restore.cc: a store from a backup.
#include "engine/base/codes.h"
#include "engine/base/must.h"
#include "engine/base/try.h"
#include "engine/rocks/backup_folder.h"
#include "engine/rocks/kv_log.h"
#include "engine/rocks/new_store.h"
#include "engine/rocks/rocks_backup.h"
#include "engine/rocks/rocks_keys.h"
#include "engine/rocks/witness_file.h"

namespace lockstep {
namespace {

using backup_folder::backup_error;

// The restore only opens and closes the log, which posts nothing.
class NoStrand final : public Executor {
 public:
  void post(Task) override { MUST(false && "nothing was asked of the log"); }
  void post_after(std::chrono::microseconds, Task) override { MUST(false && "nor later"); }
  [[nodiscard]] bool runs_here() const override { return true; }
};

class Restore {
 public:
  Restore(const RestoreAsked& asked, Random& random) : asked_(asked), random_(random) {}

  Result<Restored> run() {
    TRY(take_places());
    return copy();
  }

 private:
  void say(std::string_view step) const {
    if (asked_.progress) asked_.progress(step);
  }

  // Locks the backups, which must not change meanwhile, and the folder of the new store.
  Result<void> take_places() {
    TRY_LET(engine, backup_folder::open(asked_.from));
    engine_ = std::move(engine);
    TRY_LET(from, backup_folder::lock(asked_.from, FolderLock::Mode::shared));
    from_ = std::move(from);
    TRY_LET(found, backup_folder::find(*engine_, asked_.from, asked_.number));
    found_ = found;
    if (found_.note.format > log_format_version) {
      return fail(Kind::rejected, codes::newer_format,
                  "a newer version of Lockstep made the backup: restore it with that version");
    }
    TRY(store_folder::check_outside(asked_.to, asked_.from));
    TRY_LET(to, NewStore::in(asked_.to));
    to_ = std::move(to);
    return {};
  }

  Result<Restored> copy() {
    MUST(engine_ && from_ && to_);  // nothing is copied without both locks
    TRY(to_->begin());
    say("checking");
    TRY(backup_folder::verify(*engine_, found_.backup.number));
    say("copying");
    const rocksdb::IOStatus status = engine_->RestoreDBFromBackup(
        rocksdb::RestoreOptions(), found_.backup.number.get(), to_->database(), to_->database());
    if (!status.ok()) return std::unexpected(backup_error(status));
    say("opening");
    auto restored = begin_epoch();
    if (!restored) return restored;
    say("finishing");
    if (asked_.files) TRY(asked_.files(found_.backup.number));
    TRY(to_->finish());
    return restored;
  }

  // Checks that the store reaches the note's commit, and begins a new epoch. The opening upgrades a
  // store of an earlier format.
  Result<Restored> begin_epoch() {
    FailStop fail_stop([](const std::string&) {});  // `commit` returns the error too
    TRY_LET(kv, RocksKv::open(to_->database(), {}, fail_stop));
    TRY_LET(witness, WitnessFile::open(to_->witness(), WitnessFile::Mode::read_write));
    // As the witness of a store that acknowledged up to there: `KvLog::open` then refuses a
    // database that ends earlier.
    TRY(witness->write(found_.note.commit));
    NoStrand strand;
    TRY_LET(log, KvLog::open({.kv = *kv,
                              .witness = *witness,
                              .fail_stop = fail_stop,
                              .executor = strand,
                              .random = random_,
                              .access = Access::read_write}));
    Restored restored{found_.backup, log->epochs(), log->last_commit()};
    if (restored.epochs.current != found_.note.epoch) {
      return fail(Kind::corrupt, codes::corrupt,
                  "the backup is of another epoch than its note says");
    }
    MUST(restored.last >= found_.note.commit);
    restored.epochs =
        with_new_epoch(std::move(restored.epochs), Epoch(random_.next()), found_.note.commit);
    KvBatch batch;
    batch.put(KvTable::meta, std::string(epochs_key), encode_epochs(restored.epochs));
    TRY(kv->commit(batch));
    TRY(witness->write(restored.last));
    TRY(witness->sync());
    return restored;
  }

  const RestoreAsked& asked_;
  Random& random_;
  std::unique_ptr<backup_folder::Reader> engine_;
  std::unique_ptr<FolderLock> from_;
  std::unique_ptr<NewStore> to_;
  backup_folder::Found found_;
};

}  // namespace

Result<Restored> restore_backup(const RestoreAsked& asked, Random& random) {
  return Restore(asked, random).run();
}

}  // namespace lockstep
