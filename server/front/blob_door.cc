// SPDX-License-Identifier: Apache-2.0
#include "server/front/blob_door.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "engine/base/codes.h"
#include "engine/base/limits.h"
#include "engine/rules/blob_names.h"
#include "engine/rules/data_scheme.h"
#include "server/base/data_uri.h"

namespace lockstep {
namespace {

// How often the same bytes are stored for one request.
constexpr int tries_max = 3;
// Files that the thread of uploads stores in one turn: each costs two flushes of the disk.
constexpr std::size_t turn_files_max = 8;

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

// The blobs of the `data:` addresses, in their order, up to the first that had none.
struct Arrived {
  std::vector<MadeBlob> blobs;
  std::vector<std::string> media_types;
  std::optional<Problem> problem;
  bool anew = false;  // also those that are there: a deletion takes them
};

std::optional<Problem> store(Blobs& blobs, const UserId& user, const std::string& uri,
                             Arrived& arrived) {
  auto data = read_data_uri(uri);
  if (!data) return unreadable();
  const auto make = arrived.anew ? make_anew : make_blob;
  const auto made = make(blobs, user, data->media_type, data->bytes);
  if (!made) return problem_of(made.error());
  arrived.blobs.push_back(*made);
  arrived.media_types.push_back(std::move(data->media_type));
  return std::nullopt;
}

// Makes the next blobs. Not on the strand.
void store_some(Blobs& blobs, const UserId& user, std::span<const FilePart* const> files,
                Arrived& arrived) {
  for (std::size_t left = turn_files_max; left > 0 && !arrived.problem; --left) {
    if (arrived.blobs.size() == files.size()) return;
    arrived.problem = store(blobs, user, files[arrived.blobs.size()]->uri, arrived);
  }
}

template <class Thing>
void name_blobs(Arrived arrived, std::vector<Thing>& things) {
  std::size_t at = 0;
  for (Thing& thing : things) {
    each_file(thing, [&](FilePart& file) {
      if (!is_data_uri(file.uri)) return;
      file.uri = arrived.blobs[at].hash.uri();
      if (!file.media_type) file.media_type = std::move(arrived.media_types[at]);
      ++at;
    });
  }
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

// The way of a request's files to the disk.
template <class Thing>
struct Passage {
  BlobDoor door;
  UserId user;
  std::vector<Thing> things;
  Charge held;
  std::move_only_function<void(Stored<Thing>)> then;
  std::vector<const FilePart*> data = {};  // of `things`: those with a `data:` address
  Arrived arrived = {};
  std::shared_ptr<const void> files = {};  // of the last try
  int tries = 0;
};

template <class Thing>
void pass(std::unique_ptr<Passage<Thing>> passage);

// A deletion may have doomed the same bytes while they came: they are stored once more.
template <class Thing>
void arrive(std::unique_ptr<Passage<Thing>> passage) {
  Arrived arrived = std::exchange(passage->arrived, {});
  BlobKeeper* keeper = passage->door.keeper;
  if (keeper) passage->files = keeper->bring(passage->user, arrived.blobs);
  if (arrived.problem) return passage->then(std::unexpected(std::move(*arrived.problem)));
  const bool gone = keeper && std::ranges::any_of(arrived.blobs, [&](const MadeBlob& blob) {
                      return !keeper->has(passage->user, blob.hash);
                    });
  if (gone && ++passage->tries < tries_max) {
    passage->arrived.anew = true;
    return pass(std::move(passage));
  }
  name_blobs(std::move(arrived), passage->things);
  passage->held.set(0);
  passage->then(WithFiles<Thing>{std::move(passage->things), std::move(passage->files)});
}

// Some files at a time: those of other requests come between.
template <class Thing>
void pass(std::unique_ptr<Passage<Thing>> passage) {
  Background& uploads = *passage->door.uploads;
  Passage<Thing>* const at_work = passage.get();  // the strand leaves it alone meanwhile
  uploads.run(
      [at_work] {
        store_some(*at_work->door.store, at_work->user, at_work->data, at_work->arrived);
        return at_work->arrived.problem || at_work->arrived.blobs.size() == at_work->data.size();
      },
      [passage = std::move(passage)](bool all) mutable {
        all ? arrive(std::move(passage)) : pass(std::move(passage));
      });
}

template <class Thing>
void store(const BlobDoor& door, const UserId& user, std::vector<Thing> things,
           std::move_only_function<void(Stored<Thing>)> then) {
  const Sum sum = sum_of(door, things);
  if (sum.too_long) return then(std::unexpected(too_long()));
  if (!door.store) return then(WithFiles<Thing>{std::move(things)});
  if (sum.untyped) name_types(*door.store, user, things);
  if (sum.bytes == 0) return then(WithFiles<Thing>{std::move(things)});
  Charge held(door.memory, MemoryKind::bodies, sum.bytes);
  auto passage = std::make_unique<Passage<Thing>>(
      Passage<Thing>{door, user, std::move(things), std::move(held), std::move(then)});
  for (const Thing& thing : passage->things) {
    each_file(thing, [&](const FilePart& file) {
      if (is_data_uri(file.uri)) passage->data.push_back(&file);
    });
  }
  pass(std::move(passage));
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
