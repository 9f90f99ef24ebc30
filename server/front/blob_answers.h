// SPDX-License-Identifier: Apache-2.0
// blob_answers.h: the answers about blobs: their headers, and the bodies of downloads.
//
// A blob is a file of a stranger that the server's own origin hands out. So only types that a
// browser shows without running anything keep their type; all others come as
// `application/octet-stream`, to be saved. `nosniff` keeps a browser from guessing another type,
// and a sandbox without an origin holds whatever a browser shows all the same.
//
// Lives on: the engine strand.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/alive.h"
#include "engine/base/memory.h"
#include "server/codec/stream.h"
#include "server/front/front.h"
#include "server/net/byte_range.h"
#include "server/net/http_message.h"

namespace lockstep {

// 201, with the blob's address and facts.
[[nodiscard]] Response uploaded(const BlobHash& hash, const BlobFacts& facts);

// The media type under which a browser may show it; nullopt: it may only save it.
[[nodiscard]] std::optional<std::string_view> shown_type(std::string_view media_type);

// Does this list of entity tags (`If-None-Match`) name the blob? `strong`: a weak tag does not.
[[nodiscard]] bool names_tag(std::string_view tags, const BlobHash& hash, bool strong);

// The head of an answer with this piece.
[[nodiscard]] Response blob_head(const BlobHash& hash, const BlobFacts& facts,
                                 const BlobPiece& piece, bool by_link);

// The bytes of a blob, read ahead by one piece on the thread of downloads. The hash is checked
// before the last piece goes out, and before the first one of a range: a damaged blob ends too
// early.
class BlobBody final : public Stream {
 public:
  struct Asked {
    UserId user;
    BlobHash hash;
    BlobPiece piece;
    std::uint64_t bytes = 0;  // of the whole blob
  };
  BlobBody(Front& front, Asked asked);
  ~BlobBody() override;
  BlobBody(const BlobBody&) = delete;
  BlobBody& operator=(const BlobBody&) = delete;

  void attach(StreamOwner& owner) override;
  Filled fill(std::string& out, std::size_t bytes_max) override;
  void shut_down() override {}  // it ends by itself

 private:
  struct Check;
  void read();
  void was_read(Result<std::string> piece);

  Front& front_;
  Asked asked_;
  BlobPiece left_;                // to be read
  bool testing_ = false;          // all of the blob is read, to be checked and not to be sent
  std::shared_ptr<Check> check_;  // of the thread; null: the blob was checked before
  Charge held_;
  StreamOwner* owner_ = nullptr;
  std::string ready_;
  bool reading_ = false;
  bool failed_ = false;
  Alive alive_;
};

}  // namespace lockstep
