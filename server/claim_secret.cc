// SPDX-License-Identifier: Apache-2.0
#include "server/claim_secret.h"

#include <algorithm>
#include <charconv>

namespace lockstep {
namespace {

constexpr unsigned bits_of_byte = 8;
constexpr std::string_view digits = "0123456789abcdef";

}  // namespace

ClaimSecret draw_secret(Random& random) {
  ClaimSecret secret{};
  std::uint64_t word = 0;
  for (std::size_t at = 0; at < secret.size(); ++at) {
    if (at % sizeof word == 0) word = random.next();
    secret[at] = static_cast<std::uint8_t>(word >> (bits_of_byte * (at % sizeof word)) & 0xff);
  }
  return secret;
}

std::string stored_claim(const ClaimSecret& secret, std::chrono::seconds lease) {
  std::string text;
  for (const std::uint8_t byte : secret) {
    text += digits[byte >> 4];
    text += digits[byte & 0xf];
  }
  return text + '/' + std::to_string(lease.count());
}

std::chrono::seconds lease_in(std::string_view stored) {
  const std::size_t slash = stored.find('/');
  std::uint64_t seconds = limits::lease_seconds_default;
  if (slash != std::string_view::npos) {
    std::from_chars(stored.data() + slash + 1, stored.data() + stored.size(), seconds);
  }
  return std::chrono::seconds(
      std::clamp(seconds, limits::lease_seconds_min, limits::lease_seconds_max));
}

bool is_secret_of(const ClaimSecret& secret, std::string_view stored) {
  const std::string hex = stored_claim(secret, {}).substr(0, 2 * secret.size());
  stored = stored.substr(0, stored.find('/'));
  if (stored.size() != hex.size()) return false;
  volatile unsigned differs = 0;  // volatile: no compiler ends the loop at the first difference
  for (std::size_t at = 0; at < hex.size(); ++at) {
    differs = differs | static_cast<unsigned char>(stored[at] ^ hex[at]);
  }
  return differs == 0;
}

}  // namespace lockstep
