// SPDX-License-Identifier: Apache-2.0
#include "engine/store/blobs.h"

#include <algorithm>

#include "engine/base/codes.h"
#include "engine/base/try.h"
#include "engine/rules/digest.h"

namespace lockstep {
namespace {

// RFC 9110, 5.6.2.
bool is_token(std::string_view text) {
  constexpr std::string_view signs = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || signs.contains(c);
  });
}

std::string_view without_spaces(std::string_view text) {
  const std::size_t first = std::min(text.find_first_not_of(' '), text.size());
  text.remove_prefix(first);
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

}  // namespace

bool can_be_media_type(std::string_view text) {
  const auto is_visible = [](char c) { return c >= ' ' && c <= '~'; };
  if (text.size() > limits::media_type_bytes_max || !std::ranges::all_of(text, is_visible)) {
    return false;
  }
  const std::string_view type = without_spaces(text.substr(0, text.find(';')));
  const std::size_t slash = type.find('/');
  return slash != std::string_view::npos && is_token(type.substr(0, slash)) &&
         is_token(type.substr(slash + 1));
}

Result<BlobHash> put(Blobs& blobs, const UserId& user, std::string media_type,
                     std::string_view bytes) {
  TRY_LET(writer, blobs.begin(user, std::move(media_type), bytes.size()));
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, limits::blob_piece_bytes);
    TRY(writer->add(piece));
    bytes.remove_prefix(piece.size());
  }
  return writer->finish();
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
