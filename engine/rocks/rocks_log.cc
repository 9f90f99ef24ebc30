// SPDX-License-Identifier: Apache-2.0
#include "engine/rocks/rocks_log.h"

#include <stdlib.h>

#include "engine/base/codes.h"
#include "engine/base/try.h"
#include "engine/rocks/folder_access.h"
#include "engine/rocks/rocks_mend.h"

namespace lockstep {
namespace {

Result<void> check_whole(const RocksKv& kv, const std::string& folder, bool rebuilds) {
  TRY_LET(rebuilding, kv.get(KvTable::meta, rebuilding_key));
  if (!rebuilding || rebuilds) return {};
  return fail(Kind::corrupt, codes::unfinished_rebuild,
              folder + " holds an unfinished rebuild: run `lockstep rebuild --data " + folder +
                  "` again to finish it");
}

}  // namespace

Result<std::unique_ptr<RocksLog>> RocksLog::open(const std::string& folder, Parts parts,
                                                 FailStop::Action on_failure) {
  TRY(check_access(folder, store_names, Use::write));
  TRY(store_folder::make(folder));
  TRY(store_folder::check(folder));
  std::unique_ptr<RocksLog> rocks(new RocksLog(std::move(on_failure)));
  TRY_LET(lock, FolderLock::take(folder, FolderLock::Mode::alone));
  rocks->lock_ = std::move(lock);
  const std::string database = store_folder::path(folder, store_folder::database);
  TRY_LET(kv, RocksKv::open(database, parts.options, rocks->fail_stop_));
  rocks->kv_ = std::move(kv);
  TRY(check_whole(*rocks->kv_, folder, parts.rebuilds));
  TRY_LET(witness, WitnessFile::open(store_folder::path(folder, store_folder::witness),
                                     WitnessFile::Mode::read_write));
  rocks->witness_ = std::move(witness);
  TRY_LET(log, KvLog::open({.kv = *rocks->kv_,
                            .witness = *rocks->witness_,
                            .fail_stop = rocks->fail_stop_,
                            .executor = parts.executor,
                            .random = parts.random,
                            .dropped_bytes = rocks->kv_->dropped_bytes(),
                            .told = std::move(parts.told)}));
  rocks->log_ = std::move(log);
  rocks->committer_ =
      std::make_unique<CommitterThread>(rocks->log_->queue(), rocks->log_->committer());
  return rocks;
}

Result<std::unique_ptr<RocksLog>> RocksLog::open_read_only(const std::string& folder, Parts parts) {
  TRY(check_access(folder, store_names, Use::read));
  TRY(store_folder::check_is_there(folder));
  const std::string database = store_folder::path(folder, store_folder::database);
  std::unique_ptr<RocksLog> rocks(new RocksLog([](const std::string&) {}));
  // The witness first: a running server commits on, and a witness that is read later may name a
  // commit that the database did not have yet when it was opened.
  TRY_LET(witness, WitnessFile::open(store_folder::path(folder, store_folder::witness),
                                     WitnessFile::Mode::read_only));
  rocks->witness_ = std::move(witness);
  TRY_LET(kv, RocksKv::open_read_only(database, parts.options));
  rocks->kv_ = std::move(kv);
  TRY(check_whole(*rocks->kv_, folder, parts.rebuilds));
  TRY_LET(log, KvLog::open({.kv = *rocks->kv_,
                            .witness = *rocks->witness_,
                            .fail_stop = rocks->fail_stop_,
                            .executor = parts.executor,
                            .random = parts.random,
                            .access = Access::read_only,
                            .dropped_bytes = rocks->kv_->dropped_bytes()}));
  rocks->log_ = std::move(log);
  return rocks;
}

RocksLog::~RocksLog() {
  // The committer's thread uses all others, and the lock goes last: until then no other process may
  // write.
  committer_.reset();
  log_.reset();
  kv_.reset();
  witness_.reset();
  lock_.reset();
}

}  // namespace lockstep
