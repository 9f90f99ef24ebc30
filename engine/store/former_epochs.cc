// SPDX-License-Identifier: Apache-2.0
#include "engine/store/former_epochs.h"

#include "engine/base/must.h"

namespace lockstep {
namespace {

// The first entry at `at` or later; one that is not there counts as lost.
Result<std::optional<Timestamp>> kept_from(const Log& log, ThreadNumber thread, Timestamp at,
                                           CommitNumber cut) {
  auto next = log.read(thread, Timestamp(at.get() - 1), 1, 1);
  if (!next) return std::unexpected(next.error());
  if (next->empty() || next->front().commit > cut) return std::nullopt;
  return next->front().at;
}

// The last entry up to `now` that the cut has left; 0 if it has left none.
Result<Timestamp> kept_until(const Log& log, ThreadNumber thread, Timestamp now, CommitNumber cut) {
  // Most threads have not been written to since.
  auto last = kept_from(log, thread, now, cut);
  if (!last) return std::unexpected(last.error());
  if (*last) return now;
  std::uint64_t kept = 0;          // an entry's timestamp, or 0
  std::uint64_t lost = now.get();  // from here on nothing is kept
  while (lost - kept > 1) {        // some fifty times: a timestamp has 51 bits
    const std::uint64_t middle = kept + (lost - kept) / 2;
    auto found = kept_from(log, thread, Timestamp(middle), cut);
    if (!found) return std::unexpected(found.error());
    if (*found) {
      kept = (*found)->get();
    } else {
      lost = middle;
    }
  }
  return Timestamp(kept);
}

}  // namespace

Result<FormerEpochs> former_of(const Log& log, ThreadNumber thread, Timestamp now,
                               const Epochs& epochs) {
  MUST(thread != ThreadNumber() && now != Timestamp());
  FormerEpochs former;
  for (const Epochs::Former& one : epochs.former) {
    auto kept = kept_until(log, thread, now, *shared_until(epochs, one.epoch));
    if (!kept) return std::unexpected(kept.error());
    former.emplace_back(one.epoch, *kept);
  }
  return former;
}

FormerEpochs former_of_new(const Epochs& epochs) {
  FormerEpochs former;
  for (const Epochs::Former& one : epochs.former) former.emplace_back(one.epoch, Timestamp());
  return former;
}

}  // namespace lockstep
