// SPDX-License-Identifier: Apache-2.0
#include "engine/rules/attachment_types.h"

#include <algorithm>
#include <array>
#include <string>

#include "engine/base/ascii.h"

namespace lockstep {
namespace {

std::string plain_type(std::string_view media_type) {
  std::string plain = ascii_lower(media_type.substr(0, media_type.find(';')));
  while (plain.ends_with(' ') || plain.ends_with('\t')) plain.pop_back();
  return plain;
}

}  // namespace

AttachmentType attachment_type(std::string_view media_type) {
  const std::string plain = plain_type(media_type);
  constexpr std::array<std::string_view, 9> texts = {
      "application/json",     "application/xml",    "application/javascript",
      "application/yaml",     "application/x-yaml", "application/toml",
      "application/x-ndjson", "application/sql",    "application/x-sh"};
  const bool text = plain.starts_with("text/") || plain.ends_with("+xml") ||
                    plain.ends_with("+json") || std::ranges::find(texts, plain) != texts.end();
  if (text) return AttachmentType::text;
  if (plain.starts_with("image/")) return AttachmentType::image;
  if (plain.starts_with("audio/")) return AttachmentType::sound;
  if (plain == "application/pdf") return AttachmentType::document;
  return AttachmentType::other;
}

bool may_go_out(const Message& message, std::size_t part) {
  return message.role == Role::user ||
         message.opaque.of(static_cast<std::uint32_t>(part)) != nullptr;
}

}  // namespace lockstep
