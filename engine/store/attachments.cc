// SPDX-License-Identifier: Apache-2.0
#include "engine/store/attachments.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>

#include "engine/base/blob_hash.h"
#include "engine/rules/attachment_types.h"
#include "engine/rules/digest.h"

namespace lockstep {
namespace {

std::optional<BlobHash> blob_of(const Part& part) {
  const auto* file = std::get_if<FilePart>(&part);
  return file ? BlobHash::of_uri(file->uri) : std::nullopt;
}

// A blob of the path, and where a request may have its bytes.
struct Named {
  BlobHash hash;
  std::vector<const FilePart*> of_users;
  bool of_answer = false;  // its provider gets it back
  std::size_t places = 0;  // of a request that would have its bytes

  [[nodiscard]] bool is_taken(const BlobFacts& facts) const {
    return of_answer || std::ranges::any_of(of_users, [&facts](const FilePart* part) {
             const std::string& type = part->media_type ? *part->media_type : facts.media_type;
             return attachment_type(type) != AttachmentType::other;
           });
  }
};

// The blobs of a path, each once, in the order in which they are added.
class Found {
 public:
  void add(const Message& message, std::size_t part) {
    const std::optional<BlobHash> hash = blob_of(message.parts[part]);
    if (!hash) return;
    const auto place = known_.emplace(hash->uri(), all_.size());
    if (place.second) all_.push_back({*hash, {}, false, 0});
    Named& named = all_[place.first->second];
    if (!may_go_out(message, part)) return;
    ++named.places;
    if (message.role == Role::user) {
      named.of_users.push_back(&std::get<FilePart>(message.parts[part]));
    } else {
      named.of_answer = true;
    }
  }
  [[nodiscard]] std::vector<Named> take() { return std::move(all_); }

 private:
  std::vector<Named> all_;
  std::unordered_map<std::string, std::size_t> known_;  // where in `all_`
};

std::vector<Named> newest_first(const std::vector<Message>& path) {
  Found found;
  for (std::size_t at = path.size(); at-- > 0;) {
    for (std::size_t part = path[at].parts.size(); part-- > 0;) found.add(path[at], part);
  }
  return found.take();
}

// All bytes of a blob; nothing if they can't be read, are not those of its hash, or after a stop.
std::optional<std::string> bytes_of(const Blobs& blobs, const UserId& user, const BlobHash& hash,
                                    const std::atomic<bool>& stop) {
  std::string bytes;
  while (!stop) {
    const auto piece = blobs.read(user, hash, bytes.size(), limits::blob_piece_bytes);
    if (!piece) return {};
    bytes += *piece;
    if (piece->size() < limits::blob_piece_bytes) break;
  }
  const bool whole = !stop && BlobHash(sha256(bytes)) == hash;
  return whole ? std::optional(std::move(bytes)) : std::nullopt;
}

const std::shared_ptr<const std::string>& no_bytes() {
  static const auto empty = std::make_shared<const std::string>();
  return empty;
}

}  // namespace

bool names_files(const std::vector<Message>& path) {
  return std::ranges::any_of(path, [](const Message& message) {
    return std::ranges::any_of(message.parts,
                               [](const Part& part) { return blob_of(part).has_value(); });
  });
}

FilesPlan plan_files(const Blobs& blobs, const UserId& user, const std::vector<Message>& path) {
  FilesPlan plan;
  std::size_t places = 0;
  for (const Named& named : newest_first(path)) {
    const BlobHash& hash = named.hash;
    if (places + std::max<std::size_t>(named.places, 1) > limits::run_files_max ||
        plan.files.size() >= limits::run_files_looked_at_max) {
      plan.files.push_back({.uri = hash.uri(), .media_type = {}, .bytes = nullptr});
      continue;
    }
    const auto facts = blobs.find(user, hash);
    if (!facts || !*facts) continue;
    Attachment file{.uri = hash.uri(), .media_type = (*facts)->media_type, .bytes = nullptr};
    if (!named.is_taken(**facts)) {
      file.bytes = no_bytes();
    } else if (plan.bytes + named.places * (*facts)->bytes <= limits::run_files_bytes_max) {
      plan.wanted.push_back(plan.files.size());
      plan.bytes += named.places * (*facts)->bytes;
      places += named.places;
    }
    plan.files.push_back(std::move(file));
  }
  return plan;
}

std::vector<Attachment> read_files(const Blobs& blobs, const UserId& user, FilesPlan plan,
                                   const std::atomic<bool>& stop) {
  std::vector<bool> lost(plan.files.size());
  for (const std::size_t at : plan.wanted) {
    Attachment& file = plan.files[at];
    auto bytes = bytes_of(blobs, user, *BlobHash::of_uri(file.uri), stop);
    if (bytes) {
      file.bytes = std::make_shared<const std::string>(std::move(*bytes));
    } else {
      lost[at] = true;
    }
  }
  if (stop) return {};
  std::vector<Attachment> files;
  for (std::size_t at = 0; at < plan.files.size(); ++at) {
    if (!lost[at]) files.push_back(std::move(plan.files[at]));
  }
  return files;
}

std::vector<Attachment> attachments_of(const Blobs& blobs, const UserId& user,
                                       const std::vector<Message>& path) {
  const std::atomic<bool> never = false;
  return read_files(blobs, user, plan_files(blobs, user, path), never);
}

}  // namespace lockstep
