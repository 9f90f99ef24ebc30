// SPDX-License-Identifier: Apache-2.0
#include "engine/store/blobs.h"

#include <algorithm>

#include "engine/base/codes.h"
#include "engine/base/try.h"
#include "engine/rules/digest.h"

namespace lockstep {

Result<MadeBlob> make_blob(Blobs& blobs, const UserId& user, std::string media_type,
                           std::string_view bytes) {
  const BlobHash hash(sha256(bytes));
  const std::optional<Timestamp> there = blobs.made(user, hash);
  if (there && read_all(blobs, user, hash)) return MadeBlob{hash, *there, there};
  return make_anew(blobs, user, std::move(media_type), bytes);
}

Result<MadeBlob> make_anew(Blobs& blobs, const UserId& user, std::string media_type,
                           std::string_view bytes) {
  TRY_LET(writer, blobs.begin(user, std::move(media_type), bytes.size()));
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, limits::blob_piece_bytes);
    TRY(writer->add(piece));
    bytes.remove_prefix(piece.size());
  }
  return writer->finish();
}

Result<BlobHash> put(Blobs& blobs, const UserId& user, std::string media_type,
                     std::string_view bytes) {
  TRY_LET(made, make_blob(blobs, user, std::move(media_type), bytes));
  return made.hash;
}

Result<std::string> read_all(const Blobs& blobs, const UserId& user, const BlobHash& hash) {
  TRY_LET(facts, blobs.find(user, hash));
  if (!facts) return fail(Kind::not_found, codes::unknown_blob, "there is no " + hash.uri());
  std::string bytes;
  while (bytes.size() < facts->bytes) {
    const std::uint64_t left = facts->bytes - bytes.size();
    TRY_LET(piece, blobs.read(user, hash, bytes.size(),
                              std::min<std::uint64_t>(left, limits::blob_piece_bytes)));
    if (piece.empty()) break;
    bytes += piece;
  }
  if (BlobHash(sha256(bytes)) == hash) return bytes;
  return fail(Kind::corrupt, codes::corrupt, "the bytes of " + hash.uri() + " are damaged");
}

}  // namespace lockstep
