// SPDX-License-Identifier: Apache-2.0
#include "server/net/blob_links.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <charconv>
#include <cstdint>

#include "engine/base/must.h"

namespace lockstep {
namespace {

bool is_same_secret(std::string_view one, std::string_view other) {
  return one.size() == other.size() && CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

}  // namespace

BlobLinks::BlobLinks(Random& random) {
  for (std::size_t at = 0; at < key_.size(); at += sizeof(std::uint64_t)) {
    std::uint64_t word = random.next();
    for (std::size_t byte = 0; byte < sizeof word; ++byte, word >>= 8) {
      key_[at + byte] = static_cast<std::uint8_t>(word);
    }
  }
}

// An id has no line end, so the lines of two links are never the same text.
std::string BlobLinks::mac_of(const Caller& caller, const BlobHash& blob,
                              std::string_view seconds) const {
  std::string text("lockstep blob link\n");
  text.append(seconds).append("\n").append(caller.user.get()).append("\n");
  text.append(blob.text()).append("\n");
  if (caller.token) text.append(to_hex(*caller.token));
  Hash mac{};
  unsigned size = 0;
  const unsigned char* made =
      HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(), &size);
  MUST(made != nullptr && size == mac.size());
  return to_hex(mac);
}

std::string BlobLinks::make(const Caller& caller, const BlobHash& blob, Tick until) const {
  const std::string seconds = std::to_string(until.count());
  return seconds + "." + caller.user.get() + "." + mac_of(caller, blob, seconds);
}

std::optional<Caller> BlobLinks::caller_of(std::string_view link, const BlobHash& blob,
                                           const Auth& auth, Tick now) const {
  const std::size_t first = link.find('.');
  const std::size_t last = link.rfind('.');
  if (first == std::string_view::npos || first == last) return std::nullopt;
  const std::string_view seconds = link.substr(0, first);
  const std::string_view mac = link.substr(last + 1);
  std::int64_t until = 0;
  const auto [end, error] = std::from_chars(seconds.data(), seconds.data() + seconds.size(), until);
  if (error != std::errc() || end != seconds.data() + seconds.size()) return std::nullopt;
  Caller caller{UserId(std::string(link.substr(first + 1, last - first - 1))), std::nullopt};
  std::optional<Caller> found;
  if (!auth.needs_tokens() && is_same_secret(mac, mac_of(caller, blob, seconds))) found = caller;
  for (const Token& token : auth.tokens()) {
    if (token.user != caller.user) continue;
    caller.token = token.hash;
    if (is_same_secret(mac, mac_of(caller, blob, seconds))) found = caller;
  }
  if (!found || now.count() > until || !auth.allows(*found)) return std::nullopt;
  return found;
}

}  // namespace lockstep
