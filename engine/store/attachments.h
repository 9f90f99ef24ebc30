// SPDX-License-Identifier: Apache-2.0
// attachments.h: reads the uploaded files that the path of a run names, for the run's model.
//
// The newest files count: they are read from the end of the path on, until a request is full
// (attachment_limits.h). A file counts as often as it stands there: the request has its bytes at
// each place. One that is too large to fit is left out everywhere, and smaller ones before it may
// still fit. The same path gives the same files, as long as they are there.
//
// Reading waits for the disk, so a strand must not do it. Every function may be called on any
// thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <vector>

#include "engine/rules/producer.h"
#include "engine/store/attachment_limits.h"
#include "engine/store/blobs.h"

namespace lockstep {

// Does the path name an uploaded file? Costs a look at each part.
[[nodiscard]] bool names_files(const std::vector<Message>& path);

struct FilesPlan {
  // Each file that the user has once, the newest first. None of them has bytes, except those that
  // no model takes, or that stand only in answers which no provider gets back: theirs are empty.
  std::vector<Attachment> files;
  // Of `files`, by index: those that are to be read.
  std::vector<std::size_t> wanted;
  std::uint64_t bytes = 0;  // of all that are wanted, at all their places
};

// Looks up the files. One that is missing or damaged is not in the plan.
[[nodiscard]] FilesPlan plan_files(const Blobs& blobs, const UserId& user,
                                   const std::vector<Message>& path);

// Reads the files of a plan. One that can't be read is left out of the result; one without bytes
// was over the limit; one that no model takes has empty bytes. Ends early if `stop` becomes true.
[[nodiscard]] std::vector<Attachment> read_files(const Blobs& blobs, const UserId& user,
                                                 FilesPlan plan, const std::atomic<bool>& stop);

// Both at once.
[[nodiscard]] std::vector<Attachment> attachments_of(const Blobs& blobs, const UserId& user,
                                                     const std::vector<Message>& path);

}  // namespace lockstep
