// SPDX-License-Identifier: Apache-2.0
// digests.h: the digests of a thread's messages, as far as they were asked for.
//
// A path's digest is a chain over all its messages; asked for at every sync, most of it is as it
// was the last time. A message's digest follows from its content and its parent's digest, and
// within one history its content from its number and the timestamp that last changed it. So what
// was once made is good as long as both still hold, also for a state of an earlier time.
//
// Lives on: the engine strand.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>

#include "engine/base/ids.h"
#include "engine/rules/state.h"

namespace lockstep {

class Digests {
 public:
  Digests() = default;
  Digests(const Digests&) = delete;
  Digests& operator=(const Digests&) = delete;

  // Of the path to `id`; nothing for no id.
  [[nodiscard]] std::optional<Hash> of(const ThreadState& state,
                                       const std::optional<MessageId>& id);

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
