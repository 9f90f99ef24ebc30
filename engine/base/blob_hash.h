// SPDX-License-Identifier: Apache-2.0
// blob_hash.h: the name of a blob, which is the SHA-256 of its bytes.
//
// As text it is `sha256-` and 64 hex digits in lower case; the URI of a file part has `blob:`
// before it. No other spelling names a blob, so one blob has one name.
#pragma once

#include <compare>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/ids.h"

namespace lockstep {

class BlobHash {
 public:
  static constexpr std::string_view text_prefix = "sha256-";
  static constexpr std::string_view uri_prefix = "blob:sha256-";

  BlobHash() = default;
  explicit BlobHash(const Hash& hash) : hash_(hash) {}

  // Nothing if the text is not `sha256-` and 64 hex digits in lower case.
  [[nodiscard]] static std::optional<BlobHash> parse(std::string_view text) {
    if (!text.starts_with(text_prefix)) return std::nullopt;
    const auto hash = parse_hash(text.substr(text_prefix.size()));
    return hash ? std::optional(BlobHash(*hash)) : std::nullopt;
  }
  // Nothing if the URI is not `blob:` and the text of a hash.
  [[nodiscard]] static std::optional<BlobHash> of_uri(std::string_view uri) {
    if (!uri.starts_with(uri_prefix)) return std::nullopt;
    return parse(uri.substr(uri_prefix.size() - text_prefix.size()));
  }
  // Would a front mean a blob of this server by it? Also true if its digits are wrong.
  [[nodiscard]] static bool is_blob_uri(std::string_view uri) {
    return uri.starts_with(uri_prefix);
  }

  [[nodiscard]] const Hash& bytes() const { return hash_; }
  [[nodiscard]] std::string text() const { return std::string(text_prefix) + to_hex(hash_); }
  [[nodiscard]] std::string uri() const { return std::string(uri_prefix) + to_hex(hash_); }

  friend bool operator==(const BlobHash&, const BlobHash&) = default;
  friend auto operator<=>(const BlobHash&, const BlobHash&) = default;

 private:
  Hash hash_{};
};

}  // namespace lockstep
