// SPDX-License-Identifier: Apache-2.0
// address_range.h: addresses, and ranges of them, as settings name them.
//
// An address is 16 bytes, IPv4 as `::ffff:a.b.c.d`, so that both spellings of one address are the
// same. A range is an address and how many of its first bits count: `10.0.0.0/8`, `::1`.
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

// Nothing if it is none. An address with a zone (`fe80::1%eth0`) is nobody's elsewhere: none.
[[nodiscard]] std::optional<AddressBytes> parse_address(std::string_view text);
[[nodiscard]] std::optional<AddressRange> parse_range(std::string_view text);
// In the one spelling of an address.
[[nodiscard]] std::string to_text(const AddressBytes& address);

[[nodiscard]] bool is_in(const AddressBytes& address, const std::vector<AddressRange>& ranges);

}  // namespace lockstep
