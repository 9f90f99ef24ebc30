// SPDX-License-Identifier: Apache-2.0
// The law: the redactor removes a secret that is verbatim in the text. The first byte of the input
// chooses the place of a secret.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/must.h"
#include "server/inference/redactor.h"

namespace {

constexpr std::string_view secret = "sk-0123456789";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  text.insert(*data % (text.size() + 1), secret);
  const lockstep::Redactor redactor({std::string(secret)});

  const std::string struck = redactor.strike(text);

  MUST(struck.find(secret) == std::string::npos);
  MUST(struck.size() < text.size());
  return 0;
}
