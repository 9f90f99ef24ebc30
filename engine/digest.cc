// SPDX-License-Identifier: Apache-2.0
#include "engine/digest.h"

#include <openssl/sha.h>

#include <string>

namespace lockstep {
namespace {

void netstring(std::string& out, std::string_view bytes) {
  out += std::to_string(bytes.size());
  out += ':';
  out += bytes;
  out += ',';
}

std::string_view name_of(Role role) {
  switch (role) {
    case Role::system:
      return "system";
    case Role::user:
      return "user";
    case Role::assistant:
      return "assistant";
    case Role::tool:
      return "tool";
  }
  std::unreachable();
}

struct PartWriter {
  std::string& out;

  void operator()(const TextPart& part) const { fields("text", part.text); }
  void operator()(const ReasoningPart& part) const { fields("reasoning", part.text); }
  void operator()(const ToolCallPart& part) const {
    fields("tool_call", part.name, part.arguments);
  }
  void operator()(const ToolResultPart& part) const {
    fields("tool_result", part.call, part.content);
  }
  void operator()(const FilePart& part) const { fields("file", part.uri); }
  void operator()(const DataPart& part) const { fields("data", part.name); }

  template <class... Fields>
  void fields(const Fields&... values) const {
    (netstring(out, values), ...);
  }
};

}  // namespace

Hash sha256(std::string_view bytes) {
  Hash hash{};
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), hash.data());
  return hash;
}

Hash digest(const Message& message, const std::optional<Hash>& parent) {
  const Hash above = parent.value_or(Hash{});
  std::string bytes(reinterpret_cast<const char*>(above.data()), above.size());
  netstring(bytes, message.id.get());
  netstring(bytes, name_of(message.role));
  netstring(bytes, std::to_string(message.parts.size()));
  for (const Part& part : message.parts) std::visit(PartWriter{bytes}, part);
  return sha256(bytes);
}

std::optional<Hash> path_digest(std::span<const Message> path) {
  std::optional<Hash> last;
  for (const Message& message : path) last = digest(message, last);
  return last;
}

}  // namespace lockstep
