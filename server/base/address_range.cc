// SPDX-License-Identifier: Apache-2.0
#include "server/base/address_range.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>

namespace lockstep {
namespace {

namespace ip = boost::asio::ip;

constexpr unsigned bits_v4 = 32;
constexpr unsigned bits_v6 = 128;

bool is_within(const AddressBytes& address, const AddressRange& range) {
  for (unsigned bit = 0; bit < range.bits; ++bit) {
    const unsigned mask = 0x80U >> (bit % 8);
    if (((address[bit / 8] ^ range.address[bit / 8]) & mask) != 0) return false;
  }
  return true;
}

}  // namespace

std::optional<AddressBytes> parse_address(std::string_view text) {
  if (text.empty() || text.contains('%')) return std::nullopt;
  boost::system::error_code error;
  const ip::address address = ip::make_address(text, error);
  if (error) return std::nullopt;
  const ip::address_v6 wide =
      address.is_v6() ? address.to_v6() : ip::make_address_v6(ip::v4_mapped, address.to_v4());
  AddressBytes bytes{};
  std::ranges::copy(wide.to_bytes(), bytes.begin());
  return bytes;
}

std::string to_text(const AddressBytes& address) {
  ip::address_v6::bytes_type bytes{};
  std::ranges::copy(address, bytes.begin());
  const ip::address_v6 wide(bytes);
  if (!wide.is_v4_mapped()) return wide.to_string();
  return ip::make_address_v4(ip::v4_mapped, wide).to_string();
}

std::optional<AddressRange> parse_range(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view name = text.substr(0, slash);
  const auto address = parse_address(name);
  if (!address) return std::nullopt;
  const unsigned most = name.contains(':') ? bits_v6 : bits_v4;
  unsigned bits = most;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const char* begin = digits.data();
    const char* end = begin + digits.size();
    const auto [stopped, error] = std::from_chars(begin, end, bits);
    if (digits.empty() || error != std::errc() || stopped != end || bits > most) {
      return std::nullopt;
    }
  }
  return AddressRange{*address, bits + (bits_v6 - most)};
}

bool is_in(const AddressBytes& address, const std::vector<AddressRange>& ranges) {
  return std::ranges::any_of(
      ranges, [&address](const AddressRange& range) { return is_within(address, range); });
}

}  // namespace lockstep
