// SPDX-License-Identifier: Apache-2.0
// verify_blobs.cc: reads all attachments of a store, and looks for those that are missing.
#include "engine/base/try.h"
#include "engine/files/blob_copies.h"
#include "engine/store/blob_rows.h"
#include "tools/store/reading.h"
#include "tools/verbs/verify.h"

namespace lockstep {
namespace {

// Next to a running server a thread may have been deleted, with its blobs, since the log was read.
bool is_still_named(const std::string& data, const UserId& user, const BlobHash& hash) {
  const auto again = StoreReader::open(data);
  if (!again) return true;
  const auto named = blob_rows::is_named((*again)->store(), user, hash);
  return !named || *named;
}

}  // namespace

Result<void> check_blobs(const std::string& data, Verification& found) {
  TRY_LET(names, blobs_in(data));
  for (const BlobName& name : names) {
    const auto checked = check_blob(data, name);
    ++found.blobs;
    if (checked) {
      found.bytes += checked->facts.bytes;
    } else if (checked.error().kind == Kind::corrupt) {
      found.problems.push_back({"the blobs", {}, {}, checked.error().detail});
    } else if (checked.error().kind != Kind::not_found) {
      return std::unexpected(checked.error());
    }
  }
  for (const auto& [blob, thread] : found.named) {
    const auto& [user, hash] = blob;
    const BlobName name{blob_file::name_of(user), blob_file::name_of(hash)};
    if (names.contains(name) || !is_still_named(data, user, hash)) continue;
    found.problems.push_back({to_string(thread),
                              NamedThread::of(thread),
                              {},
                              "it names " + hash.uri() + ", and the file blobs/" + name.user + "/" +
                                  name.hash + " is missing"});
  }
  return {};
}

}  // namespace lockstep
