// SPDX-License-Identifier: Apache-2.0
// blobs.h: the interface to attachments: files of users, next to the log.
//
// A blob is a user's: two users who upload the same bytes have two blobs, so neither answer nor
// time tells one what the other has. Its name is the SHA-256 of its bytes (blob_hash.h), and its
// bytes never change. A blob is there whole and durable, or not at all: a writer that was not
// finished leaves nothing, also after a crash.
//
// This interface keeps bytes and knows no threads. engine/live knows which entries name a blob, and
// decides when it goes.
//
// Any thread may call it, several at one time. All calls read or write the disk before they return:
// `find` some hundred bytes, so a strand may call it; the others belong on a thread that may wait.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/blob_hash.h"
#include "engine/base/blob_limits.h"
#include "engine/base/ids.h"
#include "engine/base/result.h"
#include "engine/rules/media_type.h"

namespace lockstep {

struct BlobFacts {
  std::uint64_t bytes = 0;
  std::string media_type;  // of the first upload: outside text, and maybe a lie
  friend bool operator==(const BlobFacts&, const BlobFacts&) = default;
};

// A blob as a writer has made it.
struct MadeBlob {
  BlobHash hash;
  Timestamp made;
  // When the user's blob of the same bytes was made, if it was there. As `made`: it stays as it is.
  std::optional<Timestamp> former;
};

// One blob while its bytes come. Destroyed without `finish`: nothing stays. One thread at a time.
class BlobWriter {
 public:
  virtual ~BlobWriter() = default;
  // Fails with `too_large` beyond limits::blob_bytes_max, `quota` beyond the user's quota
  // (both rejected), and `no_space` (unavailable).
  [[nodiscard]] virtual Result<void> add(std::string_view bytes) = 0;
  // Makes the blob durable and gives its name. If the user has the same bytes already, the blob
  // keeps its media type, because entries may name it without one, and its time without a name
  // begins again. Called once, last.
  [[nodiscard]] virtual Result<MadeBlob> finish() = 0;
};

class Blobs {
 public:
  // A blob as it lies there. `made` tells an upload from a later one of the same bytes.
  struct Listed {
    BlobHash hash;
    std::uint64_t bytes = 0;
    Timestamp made;
  };

  virtual ~Blobs() = default;

  // Nothing if the user does not have it. Fails with `corrupt` if its facts are damaged.
  [[nodiscard]] virtual Result<std::optional<BlobFacts>> find(const UserId& user,
                                                              const BlobHash& hash) const = 0;
  // The bytes from `from` on: `bytes` of them, or fewer at the end. Fails with `not_found` if the
  // user does not have it, `corrupt` if it is damaged.
  [[nodiscard]] virtual Result<std::string> read(const UserId& user, const BlobHash& hash,
                                                 std::uint64_t from, std::size_t bytes) const = 0;

  // `bytes`: as many as are announced, or 0; they count against the quota from now on, and all
  // others as they come. A repeated upload that announces its bytes needs no room. Fails as
  // BlobWriter::add does. Requires: a media type that `can_be_media_type` admits.
  [[nodiscard]] virtual Result<std::unique_ptr<BlobWriter>> begin(const UserId& user,
                                                                  std::string media_type,
                                                                  std::uint64_t bytes) = 0;

  // Erases the blob that was made then, also from the disk, durably. Does nothing if it is not
  // there, or was uploaded again since.
  [[nodiscard]] virtual Result<void> erase(const UserId& user, const BlobHash& hash,
                                           Timestamp made) = 0;
  // When the blob was made; nothing if the user does not have it.
  [[nodiscard]] virtual std::optional<Timestamp> made(const UserId& user,
                                                      const BlobHash& hash) const = 0;
  // All users who have blobs, and all blobs of one, by hash.
  [[nodiscard]] virtual Result<std::vector<UserId>> users() const = 0;
  [[nodiscard]] virtual Result<std::vector<Listed>> list(const UserId& user) const = 0;
};

// Makes a blob of bytes that are in memory. One that the user has, whole, stays as it is, also in
// its time without a name.
[[nodiscard]] Result<MadeBlob> make_blob(Blobs& blobs, const UserId& user, std::string media_type,
                                         std::string_view bytes);
// The same, but as an upload does: one that is there is made again.
[[nodiscard]] Result<MadeBlob> make_anew(Blobs& blobs, const UserId& user, std::string media_type,
                                         std::string_view bytes);
// As `make_blob`; gives the name alone.
[[nodiscard]] Result<BlobHash> put(Blobs& blobs, const UserId& user, std::string media_type,
                                   std::string_view bytes);
// All bytes of a blob.
[[nodiscard]] Result<std::string> read_all(const Blobs& blobs, const UserId& user,
                                           const BlobHash& hash);

}  // namespace lockstep
