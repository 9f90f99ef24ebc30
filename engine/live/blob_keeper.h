// SPDX-License-Identifier: Apache-2.0
// blob_keeper.h: which blobs stay, and which go.
//
//   upload ──> nobody names it ──────────── 24 h ──────────────> goes
//                 └──entry──> named ──the last thread is erased──> goes at once
//
// The rows of blob_rows.h say which threads name a blob. Between the decision of an entry that
// names a blob and the moment when its row is durable, the lane holds the blob here. A blob that
// goes is refused as unknown from the decision on, although its file is there a moment longer. All
// of these decisions are made on one strand, so an entry that names a blob and a sweep that removes
// it can't miss each other; only the files are erased on another thread. An upload of the same
// bytes meanwhile is another blob to `Blobs::erase`, and stays.
//
// A file that comes inside a request is a blob before the request is decided. If it was refused, it
// must leave nothing: so such a blob stays while its request is at work, and goes with the answer
// if no entry names it.
//
// A crash can leave a file without a row, which the sweeps find, and never a row without a file:
// the files of an erased thread go before its rows, and the flag `erasing` makes the next start do
// both again.
//
// Lives on: the engine strand.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "engine/base/alive.h"
#include "engine/base/executor.h"
#include "engine/base/offload.h"
#include "engine/base/time.h"
#include "engine/live/metrics.h"
#include "engine/rules/blob_names.h"
#include "engine/store/blobs.h"
#include "engine/store/store.h"

namespace lockstep {

class BlobKeeper {
 public:
  struct Parts {
    const Store& store;
    Clock& clock;
    Executor& executor;
    Metrics& metrics;
    Blobs* blobs = nullptr;      // null: there are none, and every address is taken as it is
    Offload* offload = nullptr;  // null: files are erased on the strand
    std::chrono::microseconds unnamed_max = limits::blob_unnamed_max;
  };
  explicit BlobKeeper(const Parts& parts) : parts_(parts) {}
  BlobKeeper(const BlobKeeper&) = delete;
  BlobKeeper& operator=(const BlobKeeper&) = delete;

  // May an entry of this user name it? A blob whose file is damaged counts as missing: an upload of
  // the same bytes mends it.
  [[nodiscard]] bool has(const UserId& user, const BlobHash& hash) const;
  // The addresses in these changes that name a blob which the user does not have.
  [[nodiscard]] MissingBlobs missing(const UserId& user, const ChangeRequest& request) const;
  // The first such address in steps behind `seq`; empty if there is none.
  [[nodiscard]] std::string missing(const UserId& user, const StepBatch& batch,
                                    std::uint64_t seq) const;

  // Keeps the blobs that an entry names while it is written.
  class Hold {
   public:
    Hold() = default;
    ~Hold();
    Hold(Hold&& other) noexcept { *this = std::move(other); }
    Hold& operator=(Hold&& other) noexcept {
      std::swap(keeper_, other.keeper_);
      std::swap(user_, other.user_);
      std::swap(blobs_, other.blobs_);
      return *this;
    }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    friend class BlobKeeper;
    BlobKeeper* keeper_ = nullptr;
    UserId user_;
    BlobSet blobs_;
  };
  // The keeper outlives the hold.
  [[nodiscard]] Hold hold(const UserId& user, BlobSet blobs);

  // Keeps blobs that came inside a request while anybody holds the value. Then those go that nobody
  // had uploaded before, and no entry names.
  [[nodiscard]] std::shared_ptr<const void> bring(const UserId& user, std::vector<MadeBlob> blobs);

  // Erases the blobs that only this thread names, and then calls `done` with the writes that remove
  // its rows. Threads that are erased at one time don't keep each other's blobs. Requires: no entry
  // of the thread is being written, or will be; `erased` is called when its rows are gone.
  void erase_of(ThreadNumber thread, Done<Result<std::vector<RowWrite>>> done);

  void erased(ThreadNumber thread) { erasing_.erase(thread); }

  // Begins to look for blobs that nobody names, now and then. Requires: called once.
  void begin_sweeps();

 private:
  using Key = std::pair<UserId, BlobHash>;
  struct Doomed {
    UserId user;
    BlobHash hash;
    Timestamp made;
  };
  struct Sweep;
  // A blob that requests at work have brought.
  struct Guest {
    Timestamp made;
    std::size_t requests = 0;
    bool stays = false;  // without a name, too: it was uploaded
  };

  void leave(const UserId& user, const std::vector<MadeBlob>& blobs);
  [[nodiscard]] bool is_free(const UserId& user, const BlobHash& hash) const;
  [[nodiscard]] bool is_going(const UserId& user, const BlobHash& hash, Timestamp made) const;
  void erase(std::vector<Doomed> doomed, Done<Result<void>> done);
  void stopped_going(const Doomed& one);
  void sweep();
  void sweep_user(std::shared_ptr<Sweep> sweep);
  void sweep_some(std::shared_ptr<Sweep> sweep);
  template <class Work, class Then>
  void off(Work work, Then then);

  Parts parts_;
  std::multiset<Key> held_;
  std::map<Key, Guest> guests_;
  std::multimap<Key, Timestamp> going_;  // and when they were made
  std::set<ThreadNumber> erasing_;
  Alive alive_;
};

}  // namespace lockstep
