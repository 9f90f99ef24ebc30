// SPDX-License-Identifier: Apache-2.0
#include "server/inference/attached_files.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>

#include "engine/base/blob_hash.h"
#include "engine/base/utf8.h"
#include "engine/rules/attachment_types.h"
#include "engine/rules/data_scheme.h"
#include "schema/json/base64.h"
#include "server/inference/part_forms.h"

namespace lockstep {
namespace {

// How far into a file the mark of a PDF may stand, as readers of PDF look for it.
constexpr std::size_t pdf_mark_within = 1024;

bool names_blob(const Part& part) {
  const auto* file = std::get_if<FilePart>(&part);
  return file && BlobHash::of_uri(file->uri);
}

const Attachment* attachment_of(const FilePart& file, const Context& context) {
  const auto found = std::ranges::find(context.attachments, file.uri, &Attachment::uri);
  return found == context.attachments.end() ? nullptr : &*found;
}

// The media type under which all providers take these bytes; empty if they take them under none.
std::string_view sent_type(std::string_view bytes, AttachmentType type) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> images = {{
      {"\x89PNG\r\n\x1a\n", "image/png"},
      {"\xff\xd8\xff", "image/jpeg"},
      {"GIF87a", "image/gif"},
      {"GIF89a", "image/gif"},
  }};
  if (type == AttachmentType::image) {
    for (const auto& [mark, name] : images) {
      if (bytes.starts_with(mark)) return name;
    }
    return bytes.starts_with("RIFF") && bytes.substr(0, 12).ends_with("WEBP") ? "image/webp" : "";
  }
  if (type == AttachmentType::sound) {
    if (bytes.starts_with("RIFF") && bytes.substr(0, 12).ends_with("WAVE")) return "audio/wav";
    // The frames of an MP3 begin with eleven set bits, unless a tag stands before them.
    const bool frame = bytes.size() > 1 && bytes[0] == '\xff' &&
                       (static_cast<std::uint8_t>(bytes[1]) & 0xE6) == 0xE2;
    return frame || bytes.starts_with("ID3") ? "audio/mpeg" : "";
  }
  if (type == AttachmentType::document) {
    return bytes.substr(0, pdf_mark_within).contains("%PDF-") ? "application/pdf" : "";
  }
  return "";
}

bool is_text(std::string_view bytes) {
  Utf8Check check;
  return std::ranges::all_of(bytes,
                             [&check](char byte) {
                               return byte != '\0' && check.take(static_cast<std::uint8_t>(byte));
                             }) &&
         check.complete();
}

std::string as_text(const FilePart& file, const std::string& bytes) {
  return note_of(file) + "\n" + bytes;
}

void put_data(Part& part, std::string_view media_type, std::string_view bytes) {
  FilePart filled = std::get<FilePart>(part);
  filled.media_type = std::string(media_type);
  filled.uri = std::string(data_scheme);
  filled.uri.append(media_type).append(";base64,").append(to_base64(bytes));
  part = std::move(filled);
}

// Puts the file's bytes into its part. What the part says of the type counts, and not what an
// upload said: the same bytes may be uploaded again as something else.
void put_bytes(Part& part, const Context& context, bool users) {
  const auto& file = std::get<FilePart>(part);
  const Attachment* attachment = attachment_of(file, context);
  if (!attachment || !attachment->bytes || attachment->bytes->empty()) return;
  const std::string& bytes = *attachment->bytes;
  const std::string media_type = file.media_type.value_or(attachment->media_type);
  if (!users) return put_data(part, media_type, bytes);
  const AttachmentType type = attachment_type(media_type);
  if (type == AttachmentType::text) {
    if (is_text(bytes)) part = TextPart{as_text(file, bytes)};
    return;
  }
  const std::string_view sent = sent_type(bytes, type);
  if (!sent.empty()) put_data(part, sent, bytes);
}

}  // namespace

std::optional<Context> with_files(const Context& context) {
  const bool any = std::ranges::any_of(context.path, [](const Message& message) {
    return std::ranges::any_of(message.parts, names_blob);
  });
  if (!any) return {};
  Context filled = context;
  for (Message& message : filled.path) {
    for (std::size_t part = 0; part < message.parts.size(); ++part) {
      if (!names_blob(message.parts[part]) || !may_go_out(message, part)) continue;
      put_bytes(message.parts.edit()[part], context, message.role == Role::user);
    }
  }
  return filled;
}

RepairKind repair_of(const FilePart& file, const Context& context) {
  if (!BlobHash::of_uri(file.uri)) return RepairKind::file_as_text;
  const Attachment* attachment = attachment_of(file, context);
  if (!attachment) return RepairKind::file_missing;
  return attachment->bytes ? RepairKind::file_as_text : RepairKind::files_over_limit;
}

}  // namespace lockstep
