// SPDX-License-Identifier: Apache-2.0
#include "server/base/data_uri.h"

#include <cstddef>
#include <utility>

#include "engine/base/ascii.h"
#include "engine/rules/data_scheme.h"
#include "engine/rules/media_type.h"
#include "schema/json/base64.h"
#include "server/base/percent.h"

namespace lockstep {
namespace {

constexpr std::string_view base64_word = ";base64";
constexpr std::string_view usual_type = "text/plain;charset=US-ASCII";

// Most addresses have no `%`, and a copy of some megabytes takes time.
std::optional<std::string> decoded(std::string_view text, bool in_base64) {
  if (in_base64 && !text.contains('%')) return from_base64(text);
  auto plain = percent_decoded(text);
  return plain && in_base64 ? from_base64(*plain) : std::move(plain);
}

}  // namespace

std::optional<DataUri> read_data_uri(std::string_view uri) {
  const std::size_t comma = uri.find(',');
  if (!is_data_uri(uri) || comma == std::string_view::npos) return std::nullopt;
  std::string_view type = uri.substr(data_scheme.size(), comma - data_scheme.size());
  const bool in_base64 = ends_same(type, base64_word);
  if (in_base64) type.remove_suffix(base64_word.size());
  auto bytes = decoded(uri.substr(comma + 1), in_base64);
  if (!bytes) return std::nullopt;
  // `;charset=utf-8` alone is a parameter of the usual type.
  const std::string given = type.starts_with(';') ? "text/plain" + std::string(type)
                                                  : std::string(type.empty() ? usual_type : type);
  return DataUri{can_be_media_type(given) ? given : std::string(unknown_media_type),
                 std::move(*bytes)};
}

std::string data_uri_of(const DataUri& data) {
  std::string uri(data_scheme);
  uri.append(data.media_type).append(";base64,").append(to_base64(data.bytes));
  return uri;
}

}  // namespace lockstep
