// SPDX-License-Identifier: Apache-2.0
#include "server/front/blob_door.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "engine/base/codes.h"
#include "engine/base/limits.h"
#include "engine/rules/blob_names.h"
#include "engine/rules/data_scheme.h"
#include "server/base/data_uri.h"

namespace lockstep {
namespace {

Problem too_long() {
  return make_problem(codes::too_large,
                      "The `uri` of a file is longer than " +
                          std::to_string(limits::uri_bytes_max) +
                          " bytes, and this server keeps no blobs: leave the file out.");
}

// The readers of requests refuse such an address with its path; this is for all other producers.
Problem unreadable() {
  return make_problem(codes::invalid,
                      "The `uri` of a file is a `data:` address that can't be read: write its "
                      "bytes in base64, with padding and without white space.");
}

// The part says what the file is from now on.
void name_type(const Blobs& blobs, const UserId& user, FilePart& file) {
  const auto hash = file.media_type ? std::nullopt : BlobHash::of_uri(file.uri);
  if (!hash) return;
  auto facts = blobs.find(user, *hash);
  if (facts && *facts) file.media_type = std::move((*facts)->media_type);
}

// Makes a blob of the address, if it is a `data:` address.
std::optional<Problem> store(Blobs& blobs, const UserId& user, FilePart& file) {
  if (!is_data_uri(file.uri)) return std::nullopt;
  auto data = read_data_uri(file.uri);
  if (!data) return unreadable();
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
  bool untyped = false;   // a file has no media type
};

template <class Thing>
Sum sum_of(const BlobDoor& door, const std::vector<Thing>& things) {
  Sum sum;
  for (const Thing& thing : things) {
    each_file(thing, [&](const FilePart& file) {
      sum.untyped |= !file.media_type;
      if (!is_data_uri(file.uri)) return;
      sum.bytes += file.uri.size();
      sum.too_long |= !door.store && file.uri.size() > limits::uri_bytes_max;
    });
  }
  return sum;
}

template <class Thing>
void name_types(const Blobs& blobs, const UserId& user, std::vector<Thing>& things) {
  for (Thing& thing : things) {
    each_file(thing, [&](FilePart& file) { name_type(blobs, user, file); });
  }
}

template <class Thing>
void store(const BlobDoor& door, const UserId& user, std::vector<Thing> things,
           std::move_only_function<void(Stored<Thing>)> then) {
  const Sum sum = sum_of(door, things);
  if (sum.too_long) return then(std::unexpected(too_long()));
  if (!door.store) return then(std::move(things));
  if (sum.untyped) name_types(*door.store, user, things);
  if (sum.bytes == 0) return then(std::move(things));
  Charge held(door.memory, MemoryKind::bodies, sum.bytes);
  door.uploads->run(
      [blobs = door.store, user, things = std::move(things)]() mutable {
        return stored(*blobs, user, std::move(things));
      },
      [held = std::move(held), then = std::move(then)](Stored<Thing> done) mutable {
        then(std::move(done));
      });
}

}  // namespace

void store_data(const BlobDoor& door, const UserId& user, std::vector<Change> changes,
                std::move_only_function<void(Stored<Change>)> then) {
  store(door, user, std::move(changes), std::move(then));
}

void store_data(const BlobDoor& door, const UserId& user, std::vector<Step> steps,
                std::move_only_function<void(Stored<Step>)> then) {
  store(door, user, std::move(steps), std::move(then));
}

bool holds_data(const std::vector<Step>& steps) {
  bool holds = false;
  for (const Step& step : steps) {
    each_file(step, [&holds](const FilePart& file) { holds = holds || is_data_uri(file.uri); });
  }
  return holds;
}

}  // namespace lockstep
