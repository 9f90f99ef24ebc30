// SPDX-License-Identifier: Apache-2.0
// digests.h: the digests of a thread's messages, as far as they were asked for.
//
// A path's digest is a chain over all its messages; asked for at every sync, most of it is as it
// was the last time. A message's digest follows from its content and its parent's digest, and
// within one history its content from its number and the timestamp that last changed it. So what
// was once made is good as long as both still hold, also for a state of an earlier time.
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

// The lower end of a path, whose digests have yet to be made. It holds values alone, whose content
// it shares with the state: `run` may be called on any thread, the rest belongs to the strand.
class DigestWork {
 public:
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

  // Of the path to `id`; nothing for no id.
  [[nodiscard]] std::optional<Hash> of(const ThreadState& state,
                                       const std::optional<MessageId>& id);

  // What `of` would have to make, if that is more than `most` bytes; nothing if it is not.
  [[nodiscard]] std::optional<DigestWork> work(const ThreadState& state,
                                               const std::optional<MessageId>& id,
                                               std::size_t most) const;
  // Requires: the work was run. It is good whatever the state has become.
  void keep(const DigestWork& work);

  // How often a digest had to be made.
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
