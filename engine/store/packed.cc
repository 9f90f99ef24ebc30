// SPDX-License-Identifier: Apache-2.0
#include "engine/store/packed.h"

#include <capnp/serialize-packed.h>
#include <kj/io.h>

#include <algorithm>

#include "engine/base/codes.h"
#include "engine/base/limits.h"
#include "engine/base/text.h"

namespace lockstep::packed {

static_assert(limits::stored_words_max * sizeof(capnp::word) >= 2 * limits::message_bytes_max,
              "the row of the largest message can be read again");

// Only the first is kept: the later ones follow from the empty values that stand for it.
void Damage::corrupt(std::string detail) {
  if (!error_) error_ = Error{Kind::corrupt, codes::corrupt, std::move(detail)};
}

void Damage::unsupported(std::string detail) {
  if (!error_) error_ = Error{Kind::corrupt, codes::unsupported, std::move(detail)};
}

Error Damage::error() const {
  MUST(error_.has_value());
  return *error_;
}

std::string pack_words(kj::ArrayPtr<const capnp::word> words) {
  // `unpack_words` takes no bytes for damage; canonical form has a root pointer at least.
  MUST(words.size() > 0);
  const kj::ArrayPtr<const kj::byte> bytes = words.asBytes();
  // Packing adds at most two bytes to every eight.
  kj::VectorOutputStream out(bytes.size() + bytes.size() / 4 + 16);
  capnp::_::PackedOutputStream packer(out);
  packer.write(bytes.begin(), bytes.size());
  const kj::ArrayPtr<kj::byte> packed = out.getArray();
  return {reinterpret_cast<const char*>(packed.begin()), packed.size()};
}

kj::Array<capnp::word> unpack_words(std::string_view bytes, Damage& damage) {
  const kj::ArrayPtr<const kj::byte> packed = bytes_of(bytes);
  // Two bytes can stand for 2 KiB of zeroes, so the size is checked before memory is taken for it.
  const std::size_t size = capnp::computeUnpackedSizeInWords(packed);
  if (size == 0) damage.corrupt("no bytes");
  if (size > limits::stored_words_max) damage.corrupt("unpacked it would be too large");
  if (damage.found()) return {};
  auto words = kj::heapArray<capnp::word>(size);
  kj::ArrayInputStream in(packed);
  capnp::_::PackedInputStream unpacker(in);
  unpacker.read(words.asBytes().begin(), words.asBytes().size());
  return words;
}

std::string text(capnp::Data::Reader data, Damage& damage) {
  const std::string_view bytes(reinterpret_cast<const char*>(data.begin()), data.size());
  if (!is_utf8(bytes)) {
    damage.corrupt("a text is not UTF-8");
    return {};
  }
  return std::string(bytes);
}

std::string id(capnp::Data::Reader data, Damage& damage) {
  if (data.size() == 0) damage.corrupt("an id is empty");
  return text(data, damage);
}

Hash hash(capnp::Data::Reader data, Damage& damage) {
  Hash hash{};
  if (data.size() != hash.size()) {
    damage.corrupt("a hash does not have 32 bytes");
    return hash;
  }
  std::ranges::copy(data, hash.begin());
  return hash;
}

}  // namespace lockstep::packed
