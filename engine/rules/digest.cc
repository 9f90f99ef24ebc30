// SPDX-License-Identifier: Apache-2.0
#include "engine/rules/digest.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <string>

#include "engine/base/must.h"

namespace lockstep {
namespace {

void netstring(Sha256& out, std::string_view bytes) {
  out.add(std::to_string(bytes.size()));
  out.add(":");
  out.add(bytes);
  out.add(",");
}

struct PartWriter {
  Sha256& out;

  void operator()(const TextPart& part) const { fields("text", part.text); }
  void operator()(const ReasoningPart& part) const { fields("reasoning", part.text); }
  void operator()(const ToolCallPart& part) const {
    fields("tool_call", part.name, part.arguments);
  }
  void operator()(const ToolResultPart& part) const {
    fields("tool_result", part.call, part.content);
    if (part.failed) fields("failed");
  }
  void operator()(const FilePart& part) const { fields("file", part.uri); }
  void operator()(const DataPart& part) const { fields("data", part.name); }

  template <class... Fields>
  void fields(const Fields&... values) const {
    (netstring(out, values), ...);
  }
};

}  // namespace

static_assert(sizeof(Hash) == SHA256_DIGEST_LENGTH);

Hash sha256(std::string_view bytes) {
  Hash hash{};
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), hash.data());
  return hash;
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  // Looking up the algorithm costs more than a short digest, so it is done once.
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  MUST(context_ != nullptr && algorithm != nullptr);
  MUST(EVP_DigestInit_ex(context_, algorithm, nullptr) == 1);
}

Sha256::~Sha256() { EVP_MD_CTX_free(context_); }

void Sha256::add(std::string_view bytes) {
  MUST(EVP_DigestUpdate(context_, bytes.data(), bytes.size()) == 1);
}

Hash Sha256::take() {
  Hash hash{};
  MUST(EVP_DigestFinal_ex(context_, hash.data(), nullptr) == 1);
  return hash;
}

Hash digest(const Message& message, const std::optional<Hash>& parent) {
  const Hash above = parent.value_or(Hash{});
  Sha256 hash;
  hash.add({reinterpret_cast<const char*>(above.data()), above.size()});
  netstring(hash, message.id.get());
  netstring(hash, name_of(message.role));
  netstring(hash, std::to_string(message.parts.size()));
  for (const Part& part : message.parts) std::visit(PartWriter{hash}, part);
  for (const CallNote& note : message.calls) {
    PartWriter{hash}.fields("call", std::to_string(note.part), name_of(note.status), note.reason);
  }
  if (message.continues) PartWriter{hash}.fields("continues", message.continues->get());
  return hash.take();
}

std::optional<Hash> path_digest(std::span<const Message> path) {
  std::optional<Hash> last;
  for (const Message& message : path) last = digest(message, last);
  return last;
}

}  // namespace lockstep
