// SPDX-License-Identifier: Apache-2.0
#include "engine/store/former_epochs.h"

#include "engine/base/must.h"
#include "engine/base/try.h"

namespace lockstep {
namespace {

// The first entry at `at` or later; nothing if it is above the end, or if there is no such entry.
Result<std::optional<Timestamp>> kept_from(const Log& log, ThreadNumber thread, Timestamp at,
                                           CommitNumber end) {
  MUST(at != Timestamp());
  TRY_LET(next, log.read(thread, Timestamp(at.get() - 1), 1, 1));
  if (next.empty() || next.front().commit > end) return std::nullopt;
  return next.front().at;
}

// The last entry up to `now` that is not above the end; 0 if all are above it.
Result<Timestamp> kept_until(const Log& log, ThreadNumber thread, Timestamp now, CommitNumber end) {
  // Most threads have no entry above the end: then one read is enough.
  TRY_LET(last, kept_from(log, thread, now, end));
  if (last) return now;
  std::uint64_t kept = 0;          // an entry's timestamp, or 0
  std::uint64_t lost = now.get();  // from here on nothing is kept
  while (lost - kept > 1) {        // some fifty times: a timestamp has 51 bits
    const std::uint64_t middle = kept + (lost - kept) / 2;
    TRY_LET(found, kept_from(log, thread, Timestamp(middle), end));
    if (found) {
      kept = found->get();
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
    TRY_LET(kept, kept_until(log, thread, now, *shared_until(epochs, one.epoch)));
    former.emplace_back(one.epoch, kept);
  }
  return former;
}

FormerEpochs former_of_new(const Epochs& epochs) {
  FormerEpochs former;
  for (const Epochs::Former& one : epochs.former) former.emplace_back(one.epoch, Timestamp());
  return former;
}

}  // namespace lockstep
