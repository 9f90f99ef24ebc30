// SPDX-License-Identifier: Apache-2.0
#include "server/inference/part_forms.h"

#include "engine/base/blob_hash.h"
#include "server/inference/limits.h"

namespace lockstep {

bool is_image(const FilePart& file) {
  if (file.uri.starts_with("data:image/")) return true;
  const bool fetchable = file.uri.starts_with("https://") || file.uri.starts_with("http://") ||
                         file.uri.starts_with("data:");
  return fetchable && file.media_type && file.media_type->starts_with("image/");
}

bool is_document(const FilePart& file) {
  return file.uri.starts_with("data:application/pdf") ||
         (file.uri.starts_with("https://") && file.media_type == "application/pdf");
}

std::string_view sound_form(const FilePart& file) {
  if (file.uri.starts_with("data:audio/wav;base64,")) return "wav";
  return file.uri.starts_with("data:audio/mpeg;base64,") ? "mp3" : "";
}

std::string note_of(const FilePart& file) {
  std::string note = "[file";
  if (file.name) note += " " + *file.name;
  if (file.media_type) note += " (" + *file.media_type + ")";
  const bool readable = !file.uri.starts_with("data:") && !BlobHash::of_uri(file.uri);
  if (readable) note += ": " + file.uri;
  return note + "]";
}

std::string note_of(const DataPart& data) { return data.name + ": " + data.value.text; }

std::string plain_name(std::string_view name) {
  std::string plain_form;
  for (const char c : name.substr(0, limits::request_name_chars_max)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-';
    plain_form += plain ? c : '_';
  }
  return plain_form;
}

}  // namespace lockstep
