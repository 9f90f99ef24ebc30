// SPDX-License-Identifier: Apache-2.0
// blob_door.h: files that come inside a request or an answer become blobs.
//
// A front may put a small file into a message as a `data:` address, and so may every producer: the
// writer of a push run, a worker, and a model that makes images or sound (run_driver.h). The log
// would keep its text in every copy of the message, so the server makes a blob of it, durable
// before the entry that names it, and puts the blob's address in its place. The hash of a change's
// content was taken before (`Change::content`), and the same bytes make the same blob: so a change
// or a step that is sent again is the same.
//
// What a refused request has brought goes with its answer: whoever sends the changes on holds
// `files` until these are answered.
//
// A part that names a blob without a media type gets the blob's here: from then on the entry says
// how the file is read, and no later upload of the same bytes changes what a model is sent.
//
// Lives on: the engine strand.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <vector>

#include "engine/base/memory.h"
#include "engine/live/blob_keeper.h"
#include "engine/rules/change.h"
#include "engine/rules/step.h"
#include "engine/store/blobs.h"
#include "server/base/background.h"
#include "server/codec/problem.h"

namespace lockstep {

// Where the files go.
struct BlobDoor {
  Blobs* store = nullptr;  // null: the server has none, and short addresses stay as they are
  Background* uploads = nullptr;
  MemoryAccount* memory = nullptr;  // null: memory is not counted
  BlobKeeper* keeper = nullptr;     // null: what a refused request has brought stays for a day
};

template <class Thing>
struct WithFiles {
  std::vector<Thing> things;
  std::shared_ptr<const void> files = {};  // the blobs stay while anybody has this; null: none came
};
template <class Thing>
using Stored = std::expected<WithFiles<Thing>, Problem>;

// Calls `then` with the changes or steps, whose `data:` addresses are blobs of `user` now: within
// this call if there are none, else later. Refused: an address that can't be read, a long one
// without a store, and blobs beyond the user's quota.
void store_data(const BlobDoor& door, const UserId& user, std::vector<Change> changes,
                std::move_only_function<void(Stored<Change>)> then);
void store_data(const BlobDoor& door, const UserId& user, std::vector<Step> steps,
                std::move_only_function<void(Stored<Step>)> then);

// Does a step hold a file?
[[nodiscard]] bool holds_data(const std::vector<Step>& steps);

}  // namespace lockstep
