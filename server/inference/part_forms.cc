// SPDX-License-Identifier: Apache-2.0
#include "server/inference/part_forms.h"

#include "engine/base/blob_hash.h"
#include "engine/rules/data_scheme.h"
#include "schema/json/base64.h"
#include "server/inference/limits.h"

namespace lockstep {

namespace {

// The media type of a `data:` address that a provider can be sent: in small letters, in base64, and
// whole. Providers refuse any other, and with it every later turn of the thread. Empty: it is none.
std::string_view sent_data_type(std::string_view uri) {
  constexpr std::string_view coding = ";base64,";
  const std::size_t end = uri.find(coding);
  if (!uri.starts_with(data_scheme) || end == std::string_view::npos) return {};
  if (!from_base64(uri.substr(end + coding.size()))) return {};
  return uri.substr(data_scheme.size(), end - data_scheme.size());
}

}  // namespace

bool is_image(const FilePart& file) {
  const bool said = file.media_type && file.media_type->starts_with("image/");
  if (is_data_uri(file.uri)) {
    const std::string_view type = sent_data_type(file.uri);
    return !type.empty() && (said || type.starts_with("image/"));
  }
  return said && (file.uri.starts_with("https://") || file.uri.starts_with("http://"));
}

bool is_document(const FilePart& file) {
  return sent_data_type(file.uri).starts_with("application/pdf") ||
         (file.uri.starts_with("https://") && file.media_type == "application/pdf");
}

std::string_view sound_form(const FilePart& file) {
  const std::string_view type = sent_data_type(file.uri);
  if (type == "audio/wav") return "wav";
  return type == "audio/mpeg" ? "mp3" : "";
}

std::string note_of(const FilePart& file) {
  std::string note = "[file";
  if (file.name) note += " " + *file.name;
  if (file.media_type) note += " (" + *file.media_type + ")";
  const bool readable = !is_data_uri(file.uri) && !BlobHash::of_uri(file.uri);
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
