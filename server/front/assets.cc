// SPDX-License-Identifier: Apache-2.0
#include "server/front/assets.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "engine/rules/media_type.h"
#include "server/net/http_message.h"

namespace lockstep {
namespace {

struct Type {
  std::string_view ending;
  std::string_view name;
};
constexpr std::array types{
    Type{".html", "text/html; charset=utf-8"},
    Type{".js", "text/javascript; charset=utf-8"},
    Type{".mjs", "text/javascript; charset=utf-8"},
    Type{".css", "text/css; charset=utf-8"},
    Type{".txt", "text/plain; charset=utf-8"},
    Type{".json", "application/json"},
    Type{".map", "application/json"},
    Type{".webmanifest", "application/manifest+json"},
    Type{".svg", "image/svg+xml"},
    Type{".png", "image/png"},
    Type{".jpg", "image/jpeg"},
    Type{".webp", "image/webp"},
    Type{".avif", "image/avif"},
    Type{".ico", "image/x-icon"},
    Type{".woff2", "font/woff2"},
    Type{".wasm", "application/wasm"},
};

// Scripts, styles and connections come from the page's own server only, its socket included.
// `data:` is for images and sound that are parts of messages, and for small images in style sheets.
// Images from elsewhere are forbidden: one in a model's answer would tell its host that the user
// read the answer.
constexpr std::string_view content_policy =
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' data: blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

constexpr std::size_t name_hash_length = 8;

std::string_view without_spaces(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

std::string_view take_item(std::string_view& list, char separator) {
  const std::size_t end = list.find(separator);
  const std::string_view item = list.substr(0, end);
  list.remove_prefix(end == std::string_view::npos ? list.size() : end + 1);
  return without_spaces(item);
}

// `gzip;q=0` means that the client does not want it.
bool is_wanted(std::string_view parameters) {
  while (!parameters.empty()) {
    std::string_view parameter = take_item(parameters, ';');
    if (!parameter.starts_with("q=")) continue;
    parameter.remove_prefix(2);
    double weight = 0;
    std::from_chars(parameter.data(), parameter.data() + parameter.size(), weight);
    return weight > 0;
  }
  return true;
}

bool takes_gzip(const Request& request) {
  for (const auto& [name, value] : request.headers) {
    if (name != "accept-encoding") continue;
    std::string_view list = value;
    while (!list.empty()) {
      std::string_view parameters = take_item(list, ',');
      if (take_item(parameters, ';') == "gzip") return is_wanted(parameters);
    }
  }
  return false;
}

// Does `If-None-Match` have the tag? A weak tag counts, as RFC 9110 (13.1.2) requires.
bool has_tag(const Request& request, std::string_view tag) {
  for (const auto& [name, value] : request.headers) {
    if (name != "if-none-match") continue;
    std::string_view list = value;
    while (!list.empty()) {
      std::string_view item = take_item(list, ',');
      if (item.starts_with("W/")) item.remove_prefix(2);
      if (item == tag || item == "*") return true;
    }
  }
  return false;
}

void add_headers(Response& response, std::string tag) {
  response.headers.emplace_back("ETag", std::move(tag));
  response.headers.emplace_back("Vary", "Accept-Encoding");
  response.headers.emplace_back("Content-Security-Policy", content_policy);
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  response.headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
  response.headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
}

const Asset* find_path(Page page, std::string_view path) {
  const auto found = std::ranges::lower_bound(page, path, {}, &Asset::path);
  return found != page.end() && found->path == path ? &*found : nullptr;
}

}  // namespace

const Asset* find_asset(Page page, const std::vector<std::string>& path) {
  if (path.empty()) {
    const Asset* index = find_path(page, "/index.html");
    return index != nullptr ? index : find_path(page, "/index.txt");
  }
  std::string text;
  for (const std::string& segment : path) text += "/" + segment;
  return find_path(page, text);
}

Response asset_response(const Asset& asset, const Request& request) {
  const bool zipped = !asset.gzip.empty() && takes_gzip(request);
  const std::string tag = '"' + std::string(asset.hash) + (zipped ? "-gzip\"" : "\"");
  Response response;
  response.cache_control =
      is_named_by_hash(asset.path) ? "public, max-age=31536000, immutable" : "no-cache";
  add_headers(response, tag);
  if (has_tag(request, tag)) {
    response.status = not_modified;
    return response;
  }
  response.content_type = content_type_of(asset.path);
  if (zipped) response.headers.emplace_back("Content-Encoding", "gzip");
  response.lasting = zipped ? asset.gzip : asset.bytes;
  return response;
}

std::string_view content_type_of(std::string_view path) {
  const auto* found =
      std::ranges::find_if(types, [path](const Type& type) { return path.ends_with(type.ending); });
  return found == types.end() ? unknown_media_type : found->name;
}

bool is_named_by_hash(std::string_view path) {
  if (!path.starts_with("/assets/")) return false;
  const std::string_view stem = path.substr(0, path.rfind('.'));
  if (stem.size() <= name_hash_length + 1) return false;
  const std::string_view hash = stem.substr(stem.size() - name_hash_length);
  const bool apart = stem[stem.size() - name_hash_length - 1] == '-';
  // Hashes use 64 characters, so one of eight is nearly always not a small letter; an ordinary word
  // (`-platform`) has only small letters.
  const auto is_small = [](char c) { return c >= 'a' && c <= 'z'; };
  const bool plain = std::ranges::all_of(hash, is_small);
  const bool one_name = hash.find_first_of("/.") == std::string_view::npos;
  return apart && one_name && !plain;
}

}  // namespace lockstep
