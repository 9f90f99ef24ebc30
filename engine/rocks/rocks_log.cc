// SPDX-License-Identifier: Apache-2.0
#include "engine/rocks/rocks_log.h"

#include <stdlib.h>

#include "engine/rocks/folder_access.h"
#include "engine/rocks/rocks_mend.h"

namespace lockstep {
namespace {

Result<void> check_whole(const RocksKv& kv, const std::string& folder, bool rebuilds) {
  const auto mark = kv.get(KvTable::meta, rebuilding_key);
  if (!mark) return std::unexpected(mark.error());
  if (!*mark || rebuilds) return {};
  return fail(Kind::corrupt, "unfinished_rebuild",
              folder + " holds a rebuild that was cut short: `lockstep rebuild --data " + folder +
                  "` again finishes it");
}

}  // namespace

Result<std::unique_ptr<RocksLog>> RocksLog::open(const std::string& folder, Parts parts,
                                                 FailStop::Action on_failure) {
  if (auto ours = check_access(folder, store_names, Use::write); !ours) {
    return std::unexpected(ours.error());
  }
  if (auto made = store_folder::make(folder); !made) return std::unexpected(made.error());
  if (auto ours = store_folder::check(folder); !ours) return std::unexpected(ours.error());
  std::unique_ptr<RocksLog> rocks(new RocksLog(std::move(on_failure)));
  auto lock = FolderLock::take(folder, FolderLock::Mode::alone);
  if (!lock) return std::unexpected(lock.error());
  rocks->lock_ = std::move(*lock);
  const std::string database = store_folder::path(folder, store_folder::database);
  auto kv = RocksKv::open(database, parts.options, rocks->fail_stop_);
  if (!kv) return std::unexpected(kv.error());
  rocks->kv_ = std::move(*kv);
  if (auto whole = check_whole(*rocks->kv_, folder, parts.rebuilds); !whole) {
    return std::unexpected(whole.error());
  }
  auto mark =
      MarkFile::open(store_folder::path(folder, store_folder::mark), MarkFile::Mode::read_write);
  if (!mark) return std::unexpected(mark.error());
  rocks->mark_ = std::move(*mark);
  auto log = KvLog::open({.kv = *rocks->kv_,
                          .mark = *rocks->mark_,
                          .fail_stop = rocks->fail_stop_,
                          .executor = parts.executor,
                          .random = parts.random,
                          .dropped_bytes = rocks->kv_->dropped_bytes(),
                          .told = std::move(parts.told)});
  if (!log) return std::unexpected(log.error());
  rocks->log_ = std::move(*log);
  rocks->committer_ =
      std::make_unique<CommitterThread>(rocks->log_->queue(), rocks->log_->committer());
  return rocks;
}

Result<std::unique_ptr<RocksLog>> RocksLog::open_read_only(const std::string& folder, Parts parts) {
  if (auto ours = check_access(folder, store_names, Use::read); !ours) {
    return std::unexpected(ours.error());
  }
  if (auto there = store_folder::check_is_there(folder); !there) {
    return std::unexpected(there.error());
  }
  const std::string database = store_folder::path(folder, store_folder::database);
  std::unique_ptr<RocksLog> rocks(new RocksLog([](const std::string&) {}));
  // The mark first: what it names was durable before the database is looked at.
  auto mark =
      MarkFile::open(store_folder::path(folder, store_folder::mark), MarkFile::Mode::read_only);
  if (!mark) return std::unexpected(mark.error());
  rocks->mark_ = std::move(*mark);
  auto kv = RocksKv::open_read_only(database, parts.options);
  if (!kv) return std::unexpected(kv.error());
  rocks->kv_ = std::move(*kv);
  if (auto whole = check_whole(*rocks->kv_, folder, parts.rebuilds); !whole) {
    return std::unexpected(whole.error());
  }
  auto log = KvLog::open({.kv = *rocks->kv_,
                          .mark = *rocks->mark_,
                          .fail_stop = rocks->fail_stop_,
                          .executor = parts.executor,
                          .random = parts.random,
                          .access = Access::read_only,
                          .dropped_bytes = rocks->kv_->dropped_bytes()});
  if (!log) return std::unexpected(log.error());
  rocks->log_ = std::move(*log);
  return rocks;
}

RocksLog::~RocksLog() {
  committer_.reset();
  log_.reset();
  kv_.reset();
  mark_.reset();
  lock_.reset();
}

}  // namespace lockstep
