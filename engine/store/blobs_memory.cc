// SPDX-License-Identifier: Apache-2.0
#include "engine/store/blobs_memory.h"

#include <algorithm>

#include "engine/base/codes.h"
#include "engine/rules/digest.h"

namespace lockstep {

class BlobsMemory::Writer final : public BlobWriter {
 public:
  Writer(BlobsMemory& blobs, UserId user, std::string media_type)
      : blobs_(blobs), user_(std::move(user)), media_type_(std::move(media_type)) {}

  Result<void> add(std::string_view bytes) override {
    if (bytes_.size() + bytes.size() > limits::blob_bytes_max) {
      return fail(Kind::rejected, codes::too_large,
                  "a blob has at most 32 MiB: send a smaller one");
    }
    bytes_ += bytes;
    return {};
  }

  Result<MadeBlob> finish() override {
    const BlobHash hash(sha256(bytes_));
    const std::optional<Timestamp> former = blobs_.made(user_, hash);
    One& one = blobs_.all_[{user_, hash}];
    const Timestamp made = next_timestamp(one.made, blobs_.clock_.now());
    if (one.media_type.empty()) one.media_type = std::move(media_type_);
    one = {std::move(one.media_type), std::move(bytes_), made};
    return MadeBlob{hash, made, former};
  }

 private:
  BlobsMemory& blobs_;
  UserId user_;
  std::string media_type_;
  std::string bytes_;
};

const BlobsMemory::One* BlobsMemory::one(const UserId& user, const BlobHash& hash) const {
  const auto found = all_.find({user, hash});
  return found == all_.end() ? nullptr : &found->second;
}

Result<std::optional<BlobFacts>> BlobsMemory::find(const UserId& user, const BlobHash& hash) const {
  const One* found = one(user, hash);
  if (!found) return std::nullopt;
  return BlobFacts{found->bytes.size(), found->media_type};
}

Result<std::string> BlobsMemory::read(const UserId& user, const BlobHash& hash, std::uint64_t from,
                                      std::size_t bytes) const {
  const One* found = one(user, hash);
  if (!found) return fail(Kind::not_found, codes::unknown_blob, "there is no " + hash.uri());
  return found->bytes.substr(std::min<std::uint64_t>(from, found->bytes.size()), bytes);
}

Result<std::unique_ptr<BlobWriter>> BlobsMemory::begin(const UserId& user, std::string media_type,
                                                       std::uint64_t /*bytes*/) {
  return std::make_unique<Writer>(*this, user, std::move(media_type));
}

Result<void> BlobsMemory::erase(const UserId& user, const BlobHash& hash, Timestamp made) {
  const One* found = one(user, hash);
  if (found && found->made == made) all_.erase({user, hash});
  return {};
}

std::optional<Timestamp> BlobsMemory::made(const UserId& user, const BlobHash& hash) const {
  const One* found = one(user, hash);
  return found ? std::optional(found->made) : std::nullopt;
}

Result<std::vector<UserId>> BlobsMemory::users() const {
  std::vector<UserId> users;
  for (const auto& [key, one] : all_) {
    if (users.empty() || users.back() != key.first) users.push_back(key.first);
  }
  return users;
}

Result<std::vector<Blobs::Listed>> BlobsMemory::list(const UserId& user) const {
  std::vector<Listed> listed;
  for (const auto& [key, one] : all_) {
    if (key.first == user) listed.push_back({key.second, one.bytes.size(), one.made});
  }
  return listed;
}

}  // namespace lockstep
