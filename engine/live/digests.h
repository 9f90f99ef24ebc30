// SPDX-License-Identifier: Apache-2.0
// digests.h: a cache of the digests of a thread's messages.
//
// A path's digest is a chain over all its messages. Every sync needs it, and most of the chain is
// the same as the last time. A message's digest depends only on its content and its parent's
// digest, and within one history its number and the timestamp of its last change identify its
// content. So a cached digest is valid while that timestamp and the parent's digest are the same,
// also for a state of an earlier time.
//
// Lives on: the engine strand, but for `DigestWork::run`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/base/ids.h"
#include "engine/rules/state.h"

namespace lockstep {

// The lower end of a path, whose digests are not cached yet. It has only values, which share their
// content with the state. Any thread may call `run`; the rest belongs to the strand.
class DigestWork {
 public:
  // Requires: called once.
  void run();

 private:
  friend class Digests;
  std::optional<Hash> parent_;                               // of the first message
  std::vector<std::pair<std::uint32_t, Message>> messages_;  // with their numbers
  std::vector<Hash> digests_;                                // as far as `run` has made them
};

class Digests {
 public:
  Digests() = default;
  Digests(const Digests&) = delete;
  Digests& operator=(const Digests&) = delete;

  // The digest of the path to `id`; nothing for no id.
  [[nodiscard]] std::optional<Hash> of(const ThreadState& state,
                                       const std::optional<MessageId>& id);

  // The digests that `of` would have to compute, if their content is more than `most` bytes.
  [[nodiscard]] std::optional<DigestWork> work(const ThreadState& state,
                                               const std::optional<MessageId>& id,
                                               std::size_t most) const;
  // Caches the results. Requires: the work was run. The state may have changed since.
  void keep(const DigestWork& work);

  // How many digests were computed (cache misses).
  [[nodiscard]] std::uint64_t made() const { return made_; }

 private:
  struct Known {
    Timestamp updated;
    std::optional<Hash> parent;
    Hash digest;
  };
  std::unordered_map<std::uint32_t, Known> known_;  // by the message's number
  std::uint64_t made_ = 0;
};

}  // namespace lockstep
