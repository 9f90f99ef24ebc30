// rocks_restore.cc: a store from a backup.
#include <filesystem>
#include <system_error>

#include "engine/must.h"
#include "engine/rocks/backup_folder.h"
#include "engine/rocks/kv_log.h"
#include "engine/rocks/mark_file.h"
#include "engine/rocks/rocks_backup.h"
#include "engine/rocks/rocks_keys.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;
using backup_folder::error_of;
using backup_folder::failed;

// A log that is opened and closed again posts nothing.
class NoStrand final : public Executor {
 public:
  void post(Task) override { MUST(false && "nothing was asked of the log"); }
  void post_after(std::chrono::microseconds, Task) override { MUST(false && "nor later"); }
  [[nodiscard]] bool runs_here() const override { return true; }
};

class Restore {
 public:
  Restore(const RestoreAsked& asked, Random& random)
      : asked_(asked),
        random_(random),
        part_(store_folder::path(asked.to, store_folder::unfinished)) {}

  Result<Restored> run() {
    if (auto ready = take_places(); !ready) return std::unexpected(ready.error());
    auto restored = copy();
    if (restored) return restored;
    // What can't be used takes no room. If this fails too, the next restore removes it.
    std::error_code ignored;
    fs::remove_all(part_, ignored);
    return restored;
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
    std::error_code error;
    fs::create_directories(asked_.to, error);
    if (error) return failed(asked_.to, error);
    auto to = FolderLock::take(asked_.to, FolderLock::Mode::alone);
    if (!to) return std::unexpected(to.error());
    to_ = std::move(*to);
    return store_folder::check_empty(asked_.to);
  }

  // From the first moment on the folder is none that a server would begin a store in.
  Result<void> begin(const std::string& mark) {
    std::error_code error;
    fs::remove(mark, error);
    if (error) return failed(mark, error);
    fs::remove_all(part_, error);
    if (!error) fs::create_directory(part_, error);
    if (error) return failed(part_, error);
    return sync_folder(asked_.to);
  }

  Result<Restored> copy() {
    const std::string mark = store_folder::path(asked_.to, store_folder::mark);
    if (auto begun = begin(mark); !begun) return std::unexpected(begun.error());
    say("checking");
    if (auto good = backup_folder::verify(*engine_, found_.backup.number); !good) {
      return std::unexpected(good.error());
    }
    say("copying");
    const rocksdb::IOStatus status = engine_->RestoreDBFromBackup(
        rocksdb::RestoreOptions(), found_.backup.number.get(), part_, part_);
    if (!status.ok()) return std::unexpected(error_of(status));
    say("opening");
    auto restored = begin_epoch(mark);
    if (!restored) return restored;
    say("finishing");
    if (auto named = give_name(); !named) return std::unexpected(named.error());
    return restored;
  }

  // Does the store end where it should? If so its history goes on under a new name. One of an
  // earlier format is upgraded on the way.
  Result<Restored> begin_epoch(const std::string& mark_path) {
    FailStop fail_stop([](const std::string&) {});  // `commit` says it too
    auto kv = RocksKv::open(part_, {}, fail_stop);
    if (!kv) return std::unexpected(kv.error());
    auto mark = MarkFile::open(mark_path, MarkFile::Mode::read_write);
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

  // From here on it is a store.
  Result<void> give_name() {
    if (auto synced = sync_files(part_); !synced) return synced;
    std::error_code error;
    fs::rename(part_, store_folder::path(asked_.to, store_folder::database), error);
    if (error) return failed(part_, error);
    if (auto synced = sync_folder(asked_.to); !synced) return synced;
    const fs::path parent = fs::absolute(asked_.to, error).parent_path();
    return error ? failed(asked_.to, error) : sync_folder(parent.string());
  }

  const RestoreAsked& asked_;
  Random& random_;
  std::string part_;
  std::unique_ptr<backup_folder::Reader> engine_;
  std::unique_ptr<FolderLock> from_;
  std::unique_ptr<FolderLock> to_;
  backup_folder::Found found_;
};

}  // namespace

Result<Restored> restore_backup(const RestoreAsked& asked, Random& random) {
  return Restore(asked, random).run();
}

}  // namespace lockstep
