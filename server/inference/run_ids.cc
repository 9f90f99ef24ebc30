// SPDX-License-Identifier: Apache-2.0
#include "server/inference/run_ids.h"

#include <openssl/evp.h>

#include <string_view>
#include <utility>

#include "engine/base/limits.h"
#include "engine/base/must.h"
#include "engine/base/text.h"

namespace lockstep {
namespace {

constexpr std::size_t made_digits = 24;

std::string digest_hex(std::string_view text) {
  Hash hash{};
  unsigned int size = 0;
  const int done = EVP_Digest(text.data(), text.size(), hash.data(), &size, EVP_sha256(), nullptr);
  MUST(done == 1);
  MUST(size == hash.size());
  return to_hex(hash);
}

}  // namespace

MessageId message_id_of(const RunId& run, std::uint32_t number) {
  const std::string suffix = ".a" + std::to_string(number);
  std::string id = run.get() + suffix;
  if (id.size() > limits::id_bytes_max) id = digest_hex(run.get()) + suffix;
  return MessageId(std::move(id));
}

std::string call_id_of(const RunId& run, std::size_t number) {
  return "call_" + digest_hex(run.get() + "/" + std::to_string(number)).substr(0, made_digits);
}

}  // namespace lockstep
