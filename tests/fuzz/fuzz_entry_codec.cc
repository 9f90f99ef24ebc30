// SPDX-License-Identifier: Apache-2.0
// The law: any bytes decode to an entry or an error; a decoded entry encodes, and decodes to the
// same entry again.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/base/must.h"
#include "engine/store/entry_codec.h"
#include "tests/support/small_state.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace lockstep;
  static const ThreadState state = small_state();
  const Timestamp at(small_state_at.get() + 20'000);

  const auto entry = decode({reinterpret_cast<const char*>(bytes), size}, at, state);
  if (!entry) {
    MUST(entry.error().kind == Kind::corrupt);
    return 0;
  }
  const auto again = decode(encode(*entry, state), at, state);
  MUST(again.has_value());
  MUST(*again == *entry);
  return 0;
}
