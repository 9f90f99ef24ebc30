// SPDX-License-Identifier: Apache-2.0
// packed.h: Cap'n Proto messages as the store keeps them.
//
// Canonical form, packed: one segment without a table, each struct without the zero words at its
// end, and then zero bytes squeezed out. So a field that is not set costs nothing, and the same
// content gives the same bytes.
//
// Bytes that are read may be damaged, or made to do harm. A reader notes the first thing that is
// wrong in a `Damage` and goes on with empty values to the end. The end is near: the size is
// bounded before anything is unpacked, and so is the number of words that a reader may visit.
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

// The first thing that is wrong with bytes that were read. `corrupt`: this program can't have
// written them. `unsupported`: a newer version may have written them.
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

// Returns the value of `read(root, damage)` if nothing was wrong. Cap'n Proto reports a pointer
// that leads nowhere by an exception; this function catches it.
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
    // A reader may visit every word a few times. A message whose pointers lead to the same place
    // many times would unfold to more than its size: Cap'n Proto stops it here.
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

// A text that is not UTF-8 is damage.
[[nodiscard]] std::string text(capnp::Data::Reader data, Damage& damage);
// The same; an empty text is damage too.
[[nodiscard]] std::string id(capnp::Data::Reader data, Damage& damage);
[[nodiscard]] Hash hash(capnp::Data::Reader data, Damage& damage);

[[nodiscard]] inline std::uint32_t count(std::size_t size) {
  MUST(size <= UINT32_MAX);
  return static_cast<std::uint32_t>(size);
}

}  // namespace lockstep::packed
