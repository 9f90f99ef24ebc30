// SPDX-License-Identifier: Apache-2.0
// blob_names.h: which blobs do changes, steps and entries name?
//
// Only the address of a file part names a blob, never a text. A queued run names the blobs of its
// input from its first entry on, so they stay until it starts.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "engine/base/blob_hash.h"
#include "engine/rules/change.h"
#include "engine/rules/step.h"

namespace lockstep {

using BlobSet = std::set<BlobHash>;

// Calls `take` with every file part of the change; it may edit the part.
void each_file(Change& change, const std::function<void(FilePart& file)>& take);
void each_file(const Change& change, const std::function<void(const FilePart& file)>& take);
void each_file(Step& step, const std::function<void(FilePart& file)>& take);
void each_file(const Step& step, const std::function<void(const FilePart& file)>& take);
void each_file(const Event& event, const std::function<void(const FilePart& file)>& take);

// The blobs that the entry names.
[[nodiscard]] BlobSet blobs_of(const Entry& entry);

// Addresses that mean a blob which the user of the thread does not have.
using MissingBlobs = std::vector<std::string>;
// The first address of the change or step that is missing; null if there is none.
[[nodiscard]] const std::string* missing_blob(const Change& change, const MissingBlobs& missing);
// For a person: the address is no blob of the user.
[[nodiscard]] std::string unknown_blob_text(const std::string& uri);

}  // namespace lockstep
