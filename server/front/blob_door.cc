// SPDX-License-Identifier: Apache-2.0
#include "server/front/blob_door.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "engine/base/codes.h"
#include "engine/base/limits.h"
#include "engine/base/try.h"
#include "engine/rules/blob_names.h"
#include "schema/json/base64.h"
#include "server/front/upload_limits.h"
#include "server/net/percent.h"

namespace lockstep {
namespace {

constexpr std::string_view scheme = "data:";
constexpr std::string_view base64_word = ";base64";
constexpr std::string_view usual_type = "text/plain;charset=US-ASCII";
constexpr std::string_view unknown_type = "application/octet-stream";

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
