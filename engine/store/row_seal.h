// SPDX-License-Identifier: Apache-2.0
// row_seal.h: the seal that ties a row's value to its key (row_codec.h has the form).
//
// Only row_codec.cc includes it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>

#include "engine/base/codes.h"
#include "engine/base/result.h"
#include "engine/rules/digest.h"
#include "engine/store/keys.h"
#include "engine/store/packed.h"
#include "engine/store/row_codec.h"

namespace lockstep::packed {

inline constexpr std::size_t seal_bytes = 8;
static_assert(seal_bytes <= std::tuple_size_v<Hash>);

// The key's length comes first, so that no other key and content have the same bytes together.
[[nodiscard]] inline std::string seal_of(std::string_view key, std::string_view bytes) {
  std::string sealed = keys::encode_number(key.size()).substr(4);
  sealed.append(key).append(bytes);
  const Hash hash = sha256(sealed);
  return {reinterpret_cast<const char*>(hash.data()), seal_bytes};
}

// The value of a row with this content.
template <class Builder>
[[nodiscard]] std::string seal(std::string_view key, Builder root) {
  std::string bytes(1, static_cast<char>(row_version));
  bytes += pack(root);
  bytes += seal_of(key, bytes);
  return bytes;
}

// Fails with `corrupt`, or with `unsupported` for a row of another version.
template <class Root, class Read>
[[nodiscard]] auto unseal(std::string_view key, std::string_view value, Read read)
    -> decltype(unpack<Root>(value, read)) {
  if (value.size() <= seal_bytes) return fail(Kind::corrupt, codes::corrupt, "a row is too short");
  const std::string_view bytes = value.substr(0, value.size() - seal_bytes);
  if (value.substr(bytes.size()) != seal_of(key, bytes)) {
    return fail(Kind::corrupt, codes::corrupt,
                "a row is damaged, or stands under another row's key");
  }
  const auto version = static_cast<std::uint8_t>(bytes[0]);
  if (version != row_version) {
    return fail(Kind::corrupt, codes::unsupported,
                "a row is of version " + std::to_string(version) + ", this program knows " +
                    std::to_string(row_version));
  }
  return unpack<Root>(bytes.substr(1), read);
}

}  // namespace lockstep::packed
