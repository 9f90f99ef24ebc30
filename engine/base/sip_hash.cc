// SPDX-License-Identifier: Apache-2.0
#include "engine/base/sip_hash.h"

#include <bit>
#include <cstddef>

#include "engine/base/must.h"

namespace lockstep {
namespace {

constexpr std::size_t word_bytes = sizeof(std::uint64_t);
constexpr std::uint64_t byte_mask = 0xff;

// The numbers of the paper: "somepseudorandomlygeneratedbytes".
struct State {
  std::uint64_t v0;
  std::uint64_t v1;
  std::uint64_t v2;
  std::uint64_t v3;

  explicit State(const SipKey& key)
      : v0(key.first ^ 0x736f6d6570736575),
        v1(key.second ^ 0x646f72616e646f6d),
        v2(key.first ^ 0x6c7967656e657261),
        v3(key.second ^ 0x7465646279746573) {}

  void round() {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }

  void take(std::uint64_t word) {
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }
};

// Little-endian, of at most a word's bytes.
std::uint64_t word_of(std::string_view bytes) {
  std::uint64_t word = 0;
  for (std::size_t at = bytes.size(); at > 0; --at) {
    word = word << 8 | static_cast<unsigned char>(bytes[at - 1]);
  }
  return word;
}

}  // namespace

std::uint64_t sip_hash(const SipKey& key, std::string_view bytes) {
  State state(key);
  const std::uint64_t size = bytes.size();
  for (; bytes.size() >= word_bytes; bytes.remove_prefix(word_bytes)) {
    state.take(word_of(bytes.substr(0, word_bytes)));
  }
  MUST(bytes.size() < word_bytes);  // the size takes the last word's highest byte
  state.take(word_of(bytes) | (size & byte_mask) << 56);
  state.v2 ^= byte_mask;
  for (int rounds = 0; rounds < 4; ++rounds) state.round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

}  // namespace lockstep
