// SPDX-License-Identifier: Apache-2.0
#include "schema/json/base64.h"

#include <openssl/evp.h>

#include <algorithm>
#include <climits>
#include <cstddef>

namespace lockstep {
namespace {

constexpr std::size_t group_bytes = 3;
constexpr std::size_t group_letters = 4;

}  // namespace

std::string to_base64(std::string_view bytes) {
  const std::size_t groups = (bytes.size() + group_bytes - 1) / group_bytes;
  std::string text(groups * group_letters + 1, '\0');  // OpenSSL writes a terminator
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % group_letters != 0 || text.size() > INT_MAX) return std::nullopt;
  std::string bytes(text.size() / group_letters * group_bytes, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  // OpenSSL counts the padding as bytes.
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  if (static_cast<std::size_t>(size) < padding) return std::nullopt;
  bytes.resize(static_cast<std::size_t>(size) - padding);
  // OpenSSL also takes white space around the text, and any bits behind the last byte.
  if (to_base64(bytes) != text) return std::nullopt;
  return bytes;
}

std::string to_base64url(std::string_view bytes) {
  std::string text = to_base64(bytes);
  text.resize(text.find_last_not_of('=') + 1);
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  return text;
}

std::optional<std::string> from_base64url(std::string_view text) {
  if (text.find_first_of("+/=") != std::string_view::npos) return std::nullopt;
  std::string usual(text);
  std::ranges::replace(usual, '-', '+');
  std::ranges::replace(usual, '_', '/');
  usual.append((group_letters - usual.size() % group_letters) % group_letters, '=');
  return from_base64(usual);
}

}  // namespace lockstep
