// SPDX-License-Identifier: Apache-2.0
// crc32c.h: a checksum over bytes.
//
// CRC-32C (Castagnoli), as in iSCSI, ext4 and RocksDB. On x86 with SSE 4.2 it uses the processor's
// own instruction, 8 bytes at a time; elsewhere a table. Both give the same numbers.
#pragma once

#include <cstdint>
#include <string_view>

namespace lockstep {

// Continues from `before`: crc32c(b, crc32c(a)) is the checksum of a and b, one after the other.
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes, std::uint32_t before = 0);

// The same by table, on every machine; for the test that compares the two.
[[nodiscard]] std::uint32_t crc32c_by_table(std::string_view bytes, std::uint32_t before = 0);

}  // namespace lockstep
