// SPDX-License-Identifier: Apache-2.0
#include "engine/live/blob_keeper.h"

#include <algorithm>
#include <optional>

#include "engine/base/try.h"
#include "engine/store/blob_rows.h"

namespace lockstep {
namespace {

// Blobs that one turn of the strand looks up in the rows.
constexpr std::size_t turn_blobs_max = 32;
// A sweep comes so many times in the life of a blob that nobody names.
constexpr int sweeps_in_life = 24;

}  // namespace

// Calls `work` off the strand, and `then` with its value on the strand.
template <class Work, class Then>
void BlobKeeper::off(Work work, Then then) {
  auto value = std::make_shared<std::optional<decltype(work())>>();
  auto end = alive_.guard([value, then = std::move(then)]() mutable { then(std::move(**value)); });
  if (parts_.offload) {
    return parts_.offload->offload(
        [value, work = std::move(work)]() mutable { value->emplace(work()); }, std::move(end));
  }
  value->emplace(work());
  parts_.executor.post(std::move(end));
}

// --- Naming --------------------------------------------------------------------------------------

bool BlobKeeper::has(const UserId& user, const BlobHash& hash) const {
  if (!parts_.blobs) return true;
  const auto found = parts_.blobs->find(user, hash);
  if (!found || !*found) return false;
  if (!going_.contains({user, hash})) return true;
  // Was it uploaded again since?
  const auto made = parts_.blobs->made(user, hash);
  return made && !is_going(user, hash, *made);
}

bool BlobKeeper::is_going(const UserId& user, const BlobHash& hash, Timestamp made) const {
  const auto [first, end] = going_.equal_range({user, hash});
  return std::any_of(first, end, [made](const auto& going) { return going.second == made; });
}

MissingBlobs BlobKeeper::missing(const UserId& user, const ChangeRequest& request) const {
  MissingBlobs missing;
  if (!parts_.blobs) return missing;
  for (const Change& change : request.changes) {
    each_file(change, [&](const FilePart& file) {
      const bool known = std::ranges::find(missing, file.uri) != missing.end();
      if (known || !BlobHash::is_blob_uri(file.uri)) return;
      const auto hash = BlobHash::of_uri(file.uri);
      if (!hash || !has(user, *hash)) missing.push_back(file.uri);
    });
  }
  return missing;
}

std::string BlobKeeper::missing(const UserId& user, const StepBatch& batch,
                                std::uint64_t seq) const {
  std::string missing;
  if (!parts_.blobs) return missing;
  for (const Step& step : batch.steps) {
    if (step.seq <= seq) continue;
    each_file(step, [&](const FilePart& file) {
      if (!missing.empty() || !BlobHash::is_blob_uri(file.uri)) return;
      const auto hash = BlobHash::of_uri(file.uri);
      if (!hash || !has(user, *hash)) missing = file.uri;
    });
  }
  return missing;
}

BlobKeeper::Hold BlobKeeper::hold(const UserId& user, BlobSet blobs) {
  Hold hold;
  if (blobs.empty()) return hold;
  for (const BlobHash& hash : blobs) held_.emplace(user, hash);
  hold.keeper_ = this;
  hold.user_ = user;
  hold.blobs_ = std::move(blobs);
  return hold;
}

BlobKeeper::Hold::~Hold() {
  if (!keeper_) return;
  for (const BlobHash& hash : blobs_) keeper_->held_.extract({user_, hash});
}

std::shared_ptr<const void> BlobKeeper::bring(const UserId& user, std::vector<MadeBlob> blobs) {
  if (blobs.empty()) return nullptr;
  for (const MadeBlob& blob : blobs) {
    Guest& guest = guests_[{user, blob.hash}];
    const bool by_guest = guest.requests > 0 && blob.former == guest.made;
    const bool goes = blob.former && is_going(user, blob.hash, *blob.former);
    if (!blob.former) {
      guest.stays = false;  // whatever was uploaded before has gone
    } else if (!by_guest && !goes) {
      guest.stays = true;
    }
    guest.made = blob.made;
    ++guest.requests;
  }
  auto kept = std::make_shared<const std::vector<MadeBlob>>(std::move(blobs));
  auto left = alive_.guard([this, user, kept] { leave(user, *kept); });
  return {kept.get(), [left = std::move(left)](const void*) mutable { left(); }};
}

void BlobKeeper::leave(const UserId& user, const std::vector<MadeBlob>& blobs) {
  std::vector<Doomed> doomed;
  for (const MadeBlob& blob : blobs) {
    const auto found = guests_.find({user, blob.hash});
    if (--found->second.requests > 0) continue;
    const Guest guest = found->second;
    guests_.erase(found);
    if (!guest.stays && is_free(user, blob.hash)) {
      doomed.push_back({user, blob.hash, guest.made});
    }
  }
  if (doomed.empty()) return;
  parts_.metrics.blobs_swept += doomed.size();
  erase(std::move(doomed), [](const Result<void>& /*a sweep finds what was left*/) {});
}

// --- Going ---------------------------------------------------------------------------------------

// A row that can't be read may be of a thread that names the blob: then it stays.
bool BlobKeeper::is_free(const UserId& user, const BlobHash& hash) const {
  if (held_.contains({user, hash}) || guests_.contains({user, hash})) return false;
  const auto named = blob_rows::is_named(parts_.store, user, hash, erasing_);
  return named && !*named;
}

void BlobKeeper::erase(std::vector<Doomed> doomed, Done<Result<void>> done) {
  for (const Doomed& one : doomed) going_.emplace(Key{one.user, one.hash}, one.made);
  auto shared = std::make_shared<const std::vector<Doomed>>(std::move(doomed));
  off(
      [blobs = parts_.blobs, shared]() -> Result<void> {
        for (const Doomed& one : *shared) TRY(blobs->erase(one.user, one.hash, one.made));
        return {};
      },
      [this, shared, done = std::move(done)](Result<void> erased) mutable {
        for (const Doomed& one : *shared) stopped_going(one);
        if (erased) parts_.metrics.blobs_erased += shared->size();
        done(std::move(erased));
      });
}

void BlobKeeper::stopped_going(const Doomed& one) {
  const auto [first, end] = going_.equal_range({one.user, one.hash});
  const auto it =
      std::find_if(first, end, [&](const auto& going) { return going.second == one.made; });
  if (it != end) going_.erase(it);
}

void BlobKeeper::erase_of(ThreadNumber thread, Done<Result<std::vector<RowWrite>>> done) {
  auto named = blob_rows::read(parts_.store, thread);
  if (!named || named->blobs.empty() || !parts_.blobs) {
    Result<std::vector<RowWrite>> rows =
        named ? Result<std::vector<RowWrite>>(std::move(named->removed))
              : std::unexpected(named.error());
    return parts_.executor.post(alive_.guard(
        [done = std::move(done), rows = std::move(rows)]() mutable { done(std::move(rows)); }));
  }
  erasing_.insert(thread);
  std::vector<Doomed> doomed;
  for (const BlobHash& hash : named->blobs) {
    // A request at work has brought it again: it goes with that one's answer, if nobody names it.
    if (const auto guest = guests_.find({named->owner, hash}); guest != guests_.end()) {
      guest->second.stays = false;
    }
    if (!is_free(named->owner, hash)) continue;
    if (const auto made = parts_.blobs->made(named->owner, hash)) {
      doomed.push_back({named->owner, hash, *made});
    }
  }
  erase(std::move(doomed),
        [done = std::move(done), rows = std::move(named->removed)](Result<void> erased) mutable {
          if (!erased) return done(std::unexpected(erased.error()));
          done(std::move(rows));
        });
}

// --- Sweeping ------------------------------------------------------------------------------------

struct BlobKeeper::Sweep {
  std::vector<UserId> users;         // still to come
  std::vector<Blobs::Listed> blobs;  // of the last of them
};

void BlobKeeper::begin_sweeps() {
  if (parts_.blobs) sweep();
}

void BlobKeeper::sweep() {
  off([blobs = parts_.blobs] { return blobs->users(); },
      [this](Result<std::vector<UserId>> users) {
        auto sweep = std::make_shared<Sweep>();
        if (users) sweep->users = std::move(*users);
        sweep_user(std::move(sweep));
      });
}

void BlobKeeper::sweep_user(std::shared_ptr<Sweep> sweep) {
  if (sweep->users.empty()) {
    return parts_.executor.post_after(parts_.unnamed_max / sweeps_in_life,
                                      alive_.guard([this] { this->sweep(); }));
  }
  const UserId user = sweep->users.back();
  off([blobs = parts_.blobs, user] { return blobs->list(user); },
      [this, sweep](Result<std::vector<Blobs::Listed>> listed) {
        if (listed) sweep->blobs = std::move(*listed);
        sweep_some(sweep);
      });
}

// Looks at some blobs of the last user, and erases those that are old and not named.
void BlobKeeper::sweep_some(std::shared_ptr<Sweep> sweep) {
  const UserId user = sweep->users.back();
  const std::uint64_t now = parts_.clock.now().get();
  const auto old = static_cast<std::uint64_t>(parts_.unnamed_max.count());
  std::vector<Doomed> doomed;
  for (std::size_t left = turn_blobs_max; left > 0 && !sweep->blobs.empty(); --left) {
    const Blobs::Listed one = sweep->blobs.back();
    sweep->blobs.pop_back();
    if (one.made.get() + old > now || !is_free(user, one.hash)) continue;
    doomed.push_back({user, one.hash, one.made});
  }
  const bool last = sweep->blobs.empty();
  if (last) sweep->users.pop_back();
  auto next = [this, sweep, last] { last ? sweep_user(sweep) : sweep_some(sweep); };
  if (doomed.empty()) return parts_.executor.post(alive_.guard(std::move(next)));
  parts_.metrics.blobs_swept += doomed.size();
  erase(std::move(doomed), [next = std::move(next)](const Result<void>&) mutable { next(); });
}

}  // namespace lockstep
