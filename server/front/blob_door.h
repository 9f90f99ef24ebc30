// SPDX-License-Identifier: Apache-2.0
// blob_door.h: files that come inside a request become blobs.
//
// A front may put a small file into a message as a `data:` address. The log would keep its text in
// every copy of the message, so the server makes a blob of it, durable before the entry that names
// it, and puts the blob's address in its place. The hash of a change's content was taken before
// (`Change::content`), and the same bytes make the same blob: so a change or a step that is sent
// again is the same.
//
// Lives on: the engine strand.
#pragma once

#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/rules/change.h"
#include "engine/rules/step.h"
#include "server/codec/problem.h"
#include "server/front/front.h"

namespace lockstep {

// The content of a `data:` address (RFC 2397).
struct DataUri {
  std::string media_type;
  std::string bytes;
};
// Nothing if it is no such address, or its base 64 is broken.
[[nodiscard]] std::optional<DataUri> read_data_uri(std::string_view uri);

template <class Thing>
using Stored = std::expected<std::vector<Thing>, Problem>;

// Calls `then` with the changes or steps, whose `data:` addresses are blobs of `user` now: within
// this call if there are none, else later. A short address that can't be read stays as it is; a
// long one, and blobs beyond the user's quota, are refused.
void store_data(Front& front, const UserId& user, std::vector<Change> changes,
                std::move_only_function<void(Stored<Change>)> then);
void store_data(Front& front, const UserId& user, std::vector<Step> steps,
                std::move_only_function<void(Stored<Step>)> then);

}  // namespace lockstep
