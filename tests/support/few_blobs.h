// SPDX-License-Identifier: Apache-2.0
// few_blobs.h: the blobs of one user, in memory, for tests of what reads them.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/codes.h"
#include "engine/rules/digest.h"
#include "engine/store/blobs.h"

namespace lockstep::test {

class FewBlobs : public Blobs {
 public:
  BlobHash add(std::string media_type, std::string bytes) {
    const BlobHash name(sha256(bytes));
    kept_[name] = {std::move(media_type), std::move(bytes), false};
    return name;
  }
  void damage(const BlobHash& hash) { kept_.at(hash).damaged = true; }
  void drop(const BlobHash& hash) { kept_.erase(hash); }

  [[nodiscard]] Result<std::optional<BlobFacts>> find(const UserId&,
                                                      const BlobHash& hash) const override {
    ++lookups;
    const auto found = kept_.find(hash);
    if (found == kept_.end()) return std::optional<BlobFacts>();
    return std::optional(BlobFacts{found->second.bytes.size(), found->second.media_type});
  }
  [[nodiscard]] Result<std::string> read(const UserId&, const BlobHash& hash, std::uint64_t from,
                                         std::size_t bytes) const override {
    ++reads;
    const auto found = kept_.find(hash);
    if (found == kept_.end()) return fail(Kind::rejected, codes::not_found, "it is gone");
    if (found->second.damaged) return fail(Kind::corrupt, codes::corrupt, "it is damaged");
    const std::string& all = found->second.bytes;
    return all.substr(std::min<std::size_t>(from, all.size()), bytes);
  }

  [[nodiscard]] Result<std::unique_ptr<BlobWriter>> begin(const UserId&, std::string,
                                                          std::uint64_t) override {
    return fail(Kind::rejected, codes::not_implemented, "not in these tests");
  }
  [[nodiscard]] Result<void> erase(const UserId&, const BlobHash&, Timestamp) override {
    return {};
  }
  [[nodiscard]] std::optional<Timestamp> made(const UserId&, const BlobHash&) const override {
    return {};
  }
  [[nodiscard]] Result<std::vector<UserId>> users() const override { return std::vector<UserId>(); }
  [[nodiscard]] Result<std::vector<Listed>> list(const UserId&) const override {
    return std::vector<Listed>();
  }

  mutable std::size_t lookups = 0;
  mutable std::size_t reads = 0;

 private:
  struct Kept {
    std::string media_type;
    std::string bytes;
    bool damaged = false;
  };
  std::map<BlobHash, Kept> kept_;
};

}  // namespace lockstep::test
