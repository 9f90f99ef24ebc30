// SPDX-License-Identifier: Apache-2.0
// blobs_memory.h: the simplest correct blobs, for tests.
//
// A map. Nothing survives the object. Not for several threads.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/time.h"
#include "engine/store/blobs.h"

namespace lockstep {

class BlobsMemory final : public Blobs {
 public:
  explicit BlobsMemory(Clock& clock) : clock_(clock) {}

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
  struct One {
    std::string media_type;
    std::string bytes;
    Timestamp made;
  };
  [[nodiscard]] const One* one(const UserId& user, const BlobHash& hash) const;

  Clock& clock_;
  std::map<std::pair<UserId, BlobHash>, One> all_;
};

}  // namespace lockstep
