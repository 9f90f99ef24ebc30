// SPDX-License-Identifier: Apache-2.0
// address_range.h: IP addresses, and the ranges of them in settings.
//
// An address has 16 bytes, IPv4 as `::ffff:a.b.c.d`, so that both spellings of an address are
// equal. A range is an address and the number of its first bits that count: `10.0.0.0/8`, `::1`.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

using AddressBytes = std::array<std::uint8_t, 16>;

struct AddressRange {
  AddressBytes address{};
  unsigned bits = 0;
  friend bool operator==(const AddressRange&, const AddressRange&) = default;
};

// `nullopt` if the text is not an address. An address with a zone (`fe80::1%eth0`) has a meaning on
// one machine only, and is not taken.
[[nodiscard]] std::optional<AddressBytes> parse_address(std::string_view text);
[[nodiscard]] std::optional<AddressRange> parse_range(std::string_view text);
// The canonical spelling of an address.
[[nodiscard]] std::string to_text(const AddressBytes& address);

[[nodiscard]] bool is_in(const AddressBytes& address, const std::vector<AddressRange>& ranges);

}  // namespace lockstep
