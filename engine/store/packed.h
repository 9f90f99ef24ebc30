// SPDX-License-Identifier: Apache-2.0
// packed.h: Cap'n Proto messages as the store keeps them.
//
// Canonical form, packed: one segment without a table, each struct without the zero words at its
// end, and then zero bytes squeezed out. So a field that is not set costs nothing, and the same
// content gives the same bytes.
//
// Reading is of bytes that may be damaged, or made to do harm. What is wrong is noted in a
// `Damage`, the first thing only, and reading goes on with empty values to its end, which is near:
// sizes are bounded before anything is unpacked, and so is what may be visited.
#pragma once

// clang-format off: before all others
#include "schema/clang.h"
// clang-format on

#include <capnp/message.h>
#include <kj/exception.h>

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "engine/base/ids.h"
#include "engine/base/must.h"
#include "engine/base/result.h"

namespace lockstep::packed {

// What is wrong with bytes that were read: the first thing found. `corrupt`: they can't be what was
// written. `unsupported`: they may have been written by a newer version.
class Damage {
 public:
  void corrupt(std::string detail);
  void unsupported(std::string detail);
  [[nodiscard]] bool found() const { return error_.has_value(); }
  // Requires: found().
  [[nodiscard]] Error error() const;

 private:
  std::optional<Error> error_;
};

// --- Whole messages ------------------------------------------------------------------------------

[[nodiscard]] std::string pack_words(kj::ArrayPtr<const capnp::word> words);
// An empty array if the bytes are not packed words, or too many.
[[nodiscard]] kj::Array<capnp::word> unpack_words(std::string_view bytes, Damage& damage);

template <class Builder>
[[nodiscard]] std::string pack(Builder root) {
  return pack_words(capnp::canonicalize(root.asReader()));
}

// Calls `read(root, damage)` and gives what it returns, if nothing was wrong. Cap'n Proto reports a
// pointer that leads nowhere by an exception; it ends here.
template <class Root, std::invocable<typename Root::Reader, Damage&> Read>
[[nodiscard]] auto unpack(std::string_view bytes, Read read)
    -> Result<std::invoke_result_t<Read, typename Root::Reader, Damage&>> {
  std::invoke_result_t<Read, typename Root::Reader, Damage&> value{};
  Damage damage;
  const kj::Maybe<kj::Exception> thrown = kj::runCatchingExceptions([&] {
    const kj::Array<capnp::word> words = unpack_words(bytes, damage);
    if (damage.found()) return;
    const kj::ArrayPtr<const capnp::word> segment = words;
    capnp::ReaderOptions options;
    // Everything may be visited a few times; a message whose pointers lead many times to the same
    // place, which would unfold to more than its size, may not.
    options.traversalLimitInWords = 4 * words.size() + 64;
    capnp::SegmentArrayMessageReader message(kj::arrayPtr(&segment, 1), options);
    value = read(message.getRoot<Root>(), damage);
  });
  KJ_IF_MAYBE (exception, thrown) {
    damage.corrupt(exception->getDescription().cStr());
  }
  if (damage.found()) return std::unexpected(damage.error());
  return value;
}

// --- Their leaves --------------------------------------------------------------------------------

[[nodiscard]] inline capnp::Data::Reader bytes_of(std::string_view text) {
  return {reinterpret_cast<const capnp::byte*>(text.data()), text.size()};
}
[[nodiscard]] inline capnp::Data::Reader bytes_of(const Hash& hash) {
  return {hash.data(), hash.size()};
}

// UTF-8, or damage.
[[nodiscard]] std::string text(capnp::Data::Reader data, Damage& damage);
// Also not empty.
[[nodiscard]] std::string id(capnp::Data::Reader data, Damage& damage);
[[nodiscard]] Hash hash(capnp::Data::Reader data, Damage& damage);

[[nodiscard]] inline std::uint32_t count(std::size_t size) {
  MUST(size <= UINT32_MAX);
  return static_cast<std::uint32_t>(size);
}

}  // namespace lockstep::packed
