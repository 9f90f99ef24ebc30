// SPDX-License-Identifier: Apache-2.0
#include "server/front/blob_door.h"

#include <openssl/evp.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "engine/base/codes.h"
#include "engine/base/limits.h"
#include "engine/base/try.h"
#include "engine/rules/blob_names.h"
#include "server/front/upload_limits.h"

namespace lockstep {
namespace {

constexpr std::string_view scheme = "data:";
constexpr std::string_view base64_word = ";base64";
constexpr std::string_view usual_type = "text/plain;charset=US-ASCII";
constexpr std::string_view unknown_type = "application/octet-stream";

int hex_value(char c) {
  constexpr int ten = 10;
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + ten;
  if (c >= 'A' && c <= 'F') return c - 'A' + ten;
  return -1;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  if (!text.contains('%')) return std::string(text);
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      out += text[at];
      continue;
    }
    const int high = at + 2 < text.size() ? hex_value(text[at + 1]) : -1;
    const int low = high < 0 ? -1 : hex_value(text[at + 2]);
    if (low < 0) return std::nullopt;
    out += static_cast<char>(high << 4 | low);
    at += 2;
  }
  return out;
}

bool is_base64(std::string_view text) {
  const std::size_t end = std::min(text.find('='), text.size());
  const auto is_digit = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
  };
  return text.size() % 4 == 0 && text.size() - end <= 2 &&
         std::ranges::all_of(text.substr(0, end), is_digit) &&
         text.find_first_not_of('=', end) == std::string_view::npos;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (!is_base64(text)) return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  // OpenSSL counts the padding as bytes.
  bytes.resize(static_cast<std::size_t>(size - std::ranges::count(text, '=')));
  return bytes;
}

bool is_data(const FilePart& file) { return file.uri.starts_with(scheme); }

Problem too_long() {
  return make_problem(
      codes::too_large,
      "The `uri` of a file is longer than " + std::to_string(limits::uri_bytes_max) +
          " bytes, and no `data:` address that the server can read: upload the file.");
}

// Makes a blob of the address, if it is a `data:` address that can be read.
std::optional<Problem> store(Blobs& blobs, const UserId& user, FilePart& file) {
  if (!is_data(file)) return std::nullopt;
  auto data = read_data_uri(file.uri);
  if (!data) {
    if (file.uri.size() > limits::uri_bytes_max) return too_long();
    return std::nullopt;
  }
  const auto hash = put(blobs, user, data->media_type, data->bytes);
  if (!hash) return problem_of(hash.error());
  file.uri = hash->uri();
  if (!file.media_type) file.media_type = std::move(data->media_type);
  return std::nullopt;
}

// Makes blobs of the addresses. Not on the strand.
template <class Thing>
Stored<Thing> stored(Blobs& blobs, const UserId& user, std::vector<Thing> things) {
  std::optional<Problem> problem;
  for (Thing& thing : things) {
    each_file(thing, [&](FilePart& file) {
      if (!problem) problem = store(blobs, user, file);
    });
  }
  if (problem) return std::unexpected(std::move(*problem));
  return things;
}

struct Sum {
  std::size_t bytes = 0;  // of `data:` addresses
  bool too_long = false;  // without blobs, an address is too long
};

template <class Thing>
Sum sum_of(Front& front, const std::vector<Thing>& things) {
  Sum sum;
  for (const Thing& thing : things) {
    each_file(thing, [&](const FilePart& file) {
      if (!is_data(file)) return;
      sum.bytes += file.uri.size();
      sum.too_long |= !front.blobs.store && file.uri.size() > limits::uri_bytes_max;
    });
  }
  return sum;
}

template <class Thing>
void store(Front& front, const UserId& user, std::vector<Thing> things,
           std::move_only_function<void(Stored<Thing>)> then) {
  const Sum sum = sum_of(front, things);
  if (sum.too_long) return then(std::unexpected(too_long()));
  if (sum.bytes == 0 || !front.blobs.store) return then(std::move(things));
  Charge held(front.memory, MemoryKind::bodies, sum.bytes);
  front.blobs.uploads->run(
      [blobs = front.blobs.store, user, things = std::move(things)]() mutable {
        return stored(*blobs, user, std::move(things));
      },
      [held = std::move(held), then = std::move(then)](Stored<Thing> done) mutable {
        then(std::move(done));
      });
}

}  // namespace

std::optional<DataUri> read_data_uri(std::string_view uri) {
  const std::size_t comma = uri.find(',');
  if (!uri.starts_with(scheme) || comma == std::string_view::npos) return std::nullopt;
  std::string_view type = uri.substr(scheme.size(), comma - scheme.size());
  const bool in_base64 = type.ends_with(base64_word);
  if (in_base64) type.remove_suffix(base64_word.size());
  auto plain = percent_decoded(uri.substr(comma + 1));
  auto bytes = plain && in_base64 ? from_base64(*plain) : std::move(plain);
  if (!bytes) return std::nullopt;
  // `;charset=utf-8` alone is a parameter of the usual type.
  const std::string given = type.starts_with(';') ? "text/plain" + std::string(type)
                                                  : std::string(type.empty() ? usual_type : type);
  return DataUri{can_be_media_type(given) ? given : std::string(unknown_type), std::move(*bytes)};
}

void store_data(Front& front, const UserId& user, std::vector<Change> changes,
                std::move_only_function<void(Stored<Change>)> then) {
  store(front, user, std::move(changes), std::move(then));
}

void store_data(Front& front, const UserId& user, std::vector<Step> steps,
                std::move_only_function<void(Stored<Step>)> then) {
  store(front, user, std::move(steps), std::move(then));
}

}  // namespace lockstep
