// SPDX-License-Identifier: Apache-2.0
// rocks_restore.cc: a store from a backup.
#include "engine/base/must.h"
#include "engine/rocks/backup_folder.h"
#include "engine/rocks/kv_log.h"
#include "engine/rocks/new_store.h"
#include "engine/rocks/rocks_backup.h"
#include "engine/rocks/rocks_keys.h"
#include "engine/rocks/witness_file.h"

namespace lockstep {
namespace {

using backup_folder::error_of;

// A log that is opened and closed again posts nothing.
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
    if (auto ready = take_places(); !ready) return std::unexpected(ready.error());
    return copy();
  }

 private:
  void say(std::string_view step) const {
    if (asked_.progress) asked_.progress(step);
  }

  // The backups may not change meanwhile, and nobody else may write where the store will be.
  Result<void> take_places() {
    auto engine = backup_folder::open(asked_.from);
    if (!engine) return std::unexpected(engine.error());
    engine_ = std::move(*engine);
    auto from = backup_folder::lock(asked_.from, FolderLock::Mode::shared);
    if (!from) return std::unexpected(from.error());
    from_ = std::move(*from);
    auto found = backup_folder::find(*engine_, asked_.from, asked_.number);
    if (!found) return std::unexpected(found.error());
    found_ = *found;
    if (found_.note.format > log_format_version) {
      return fail(Kind::rejected, "newer_format",
                  "the backup was made by a newer version: use that one");
    }
    if (auto apart = store_folder::check_outside(asked_.to, asked_.from); !apart) {
      return std::unexpected(apart.error());
    }
    auto to = NewStore::in(asked_.to);
    if (!to) return std::unexpected(to.error());
    to_ = std::move(*to);
    return {};
  }

  Result<Restored> copy() {
    if (auto begun = to_->begin(); !begun) return std::unexpected(begun.error());
    say("checking");
    if (auto good = backup_folder::verify(*engine_, found_.backup.number); !good) {
      return std::unexpected(good.error());
    }
    say("copying");
    const rocksdb::IOStatus status = engine_->RestoreDBFromBackup(
        rocksdb::RestoreOptions(), found_.backup.number.get(), to_->database(), to_->database());
    if (!status.ok()) return std::unexpected(error_of(status));
    say("opening");
    auto restored = begin_epoch();
    if (!restored) return restored;
    say("finishing");
    if (auto named = to_->finish(); !named) return std::unexpected(named.error());
    return restored;
  }

  // Does the store end where it should? If so its history goes on under a new name. One of an
  // earlier format is upgraded on the way.
  Result<Restored> begin_epoch() {
    FailStop fail_stop([](const std::string&) {});  // `commit` says it too
    auto kv = RocksKv::open(to_->database(), {}, fail_stop);
    if (!kv) return std::unexpected(kv.error());
    auto mark = MarkFile::open(to_->mark(), MarkFile::Mode::read_write);
    if (!mark) return std::unexpected(mark.error());
    if (auto marked = (*mark)->write(found_.note.commit); !marked) {
      return std::unexpected(marked.error());
    }
    NoStrand strand;
    const auto log = KvLog::open({.kv = **kv,
                                  .mark = **mark,
                                  .fail_stop = fail_stop,
                                  .executor = strand,
                                  .random = random_,
                                  .access = Access::read_write});
    if (!log) return std::unexpected(log.error());
    Restored restored{found_.backup, (*log)->epochs(), (*log)->last_commit()};
    if (restored.epochs.current != found_.note.epoch) {
      return fail(Kind::corrupt, "corrupt", "the backup is of another epoch than its note says");
    }
    restored.epochs =
        after_cut(std::move(restored.epochs), Epoch(random_.next()), found_.note.commit);
    KvBatch batch;
    batch.put(KvTable::meta, std::string(epochs_key), encode_epochs(restored.epochs));
    if (auto written = (*kv)->commit(batch); !written) return std::unexpected(written.error());
    if (auto marked = (*mark)->write(restored.last); !marked) {
      return std::unexpected(marked.error());
    }
    if (auto synced = (*mark)->sync(); !synced) return std::unexpected(synced.error());
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
