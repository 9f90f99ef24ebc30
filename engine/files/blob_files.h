// SPDX-License-Identifier: Apache-2.0
// blob_files.h: blobs as plain files next to the database.
//
//   bytes ──add──> blobs/new/N ──finish──> head, flush ──rename──> blobs/USER/HASH ──flush──>
//   durable
//
// Plain files, and not rows of the database: a blob never changes, so a log of changes would write
// it twice, and compactions would write it again and again, on the thread that tokens wait for
// (docs/decisions/blobs.md). blob_file.h has the layout.
//
// A crash leaves at most files in `new/`, which the next opening removes. The process counts the
// bytes of each user when it first needs them, by looking through the user's folder.
//
// Lives on: any thread.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/base/time.h"
#include "engine/files/blob_file.h"
#include "engine/store/blobs.h"

namespace lockstep {

class BlobFiles final : public Blobs {
 public:
  // `read`: another process may be writing there; `begin` and `erase` must not be called.
  enum class Mode : bool { read, write };
  // Of the store in `folder`. `blobs/` may be missing: an older store, or one without blobs.
  // `user_bytes_max`: the quota of each user; each blob counts its file, in blocks of 4 KiB. Fails
  // with `disk` or `no_space`. Requires: the clock may be read on any thread, and outlives this.
  [[nodiscard]] static Result<std::unique_ptr<BlobFiles>> open(const std::string& folder, Mode mode,
                                                               Clock& clock,
                                                               std::uint64_t user_bytes_max);
  ~BlobFiles() override;
  BlobFiles(const BlobFiles&) = delete;
  BlobFiles& operator=(const BlobFiles&) = delete;

  [[nodiscard]] Result<std::optional<BlobFacts>> find(const UserId& user,
                                                      const BlobHash& hash) const override;
  [[nodiscard]] Result<std::string> read(const UserId& user, const BlobHash& hash,
                                         std::uint64_t from, std::size_t bytes) const override;
  [[nodiscard]] Result<std::unique_ptr<BlobWriter>> begin(const UserId& user,
                                                          std::string media_type,
                                                          std::uint64_t bytes) override;
  [[nodiscard]] Result<void> erase(const UserId& user, const BlobHash& hash,
                                   Timestamp made) override;
  [[nodiscard]] std::optional<Timestamp> made(const UserId& user,
                                              const BlobHash& hash) const override;
  [[nodiscard]] Result<std::vector<UserId>> users() const override;
  [[nodiscard]] Result<std::vector<Listed>> list(const UserId& user) const override;

 private:
  class Writer;
  struct Use {
    std::uint64_t there = 0;   // of whole blobs
    std::uint64_t coming = 0;  // promised to writers
  };
  BlobFiles(blob_file::Handle root, Clock& clock, std::uint64_t user_bytes_max);

  [[nodiscard]] Result<blob_file::Handle> folder_of(const UserId& user) const;
  // Its file and its head; an empty handle if the user does not have it.
  struct Opened {
    blob_file::Handle file;
    BlobFacts facts;
  };
  [[nodiscard]] Result<Opened> open_blob(const UserId& user, const BlobHash& hash) const;
  [[nodiscard]] Result<void> clear_coming();
  // Requires: the lock is held.
  [[nodiscard]] Result<Use*> use_of(const UserId& user);
  [[nodiscard]] Result<void> promise(const UserId& user, std::uint64_t bytes);
  void give_back(const UserId& user, std::uint64_t bytes);
  [[nodiscard]] std::vector<BlobHash> twins_of(const UserId& user, std::uint64_t bytes) const;
  // Gives a whole file its name. When the file was made that had this name before.
  [[nodiscard]] Result<std::optional<Timestamp>> place(Writer& writer, const BlobHash& hash);

  blob_file::Handle root_;    // `blobs/`; empty: there is none
  blob_file::Handle coming_;  // `blobs/new/`, in a process that writes
  Clock& clock_;
  std::uint64_t user_bytes_max_;
  std::atomic<std::uint64_t> next_name_ = 0;
  std::mutex lock_;  // guards `uses_`, and the names of blobs
  std::map<UserId, Use> uses_;
};

}  // namespace lockstep
