// SPDX-License-Identifier: Apache-2.0
#include "engine/store/blob_rows.h"

#include <algorithm>

#include "engine/base/codes.h"
#include "engine/base/limits.h"
#include "engine/base/try.h"
#include "engine/store/keys.h"

namespace lockstep::blob_rows {
namespace {

RowWrite row(std::string key, std::optional<std::string> value) {
  return {Table::meta, std::move(key), std::move(value), RowWrite::Stamp::none};
}

Result<void> add(OfThread& found, ThreadNumber thread, const std::string& key,
                 const std::string& owner) {
  const auto hash = keys::decode_named(thread, key);
  if (!hash || !is_id(owner)) {
    return fail(Kind::corrupt, codes::corrupt, "a row of a blob in `meta` is damaged");
  }
  found.owner = UserId(owner);
  found.blobs.emplace_back(*hash);
  found.removed.push_back(row(key, std::nullopt));
  found.removed.push_back(row(keys::blob({found.owner, *hash, thread}), std::nullopt));
  return {};
}

}  // namespace

std::vector<RowWrite> of(const UserId& owner, ThreadNumber thread,
                         const std::set<BlobHash>& blobs) {
  std::vector<RowWrite> rows;
  for (const BlobHash& blob : blobs) {
    rows.push_back(row(keys::blob({owner, blob.bytes(), thread}), ""));
    rows.push_back(row(keys::named(thread, blob.bytes()), owner.get()));
  }
  return rows;
}

Result<OfThread> read(const Store& store, ThreadNumber thread) {
  OfThread found;
  Scan scan{.table = Table::meta, .prefix = keys::named(thread), .rows_max = limits::list_max};
  while (true) {
    TRY_LET(rows, store.scan(scan));
    for (const auto& [key, owner] : rows) TRY(add(found, thread, key, owner));
    if (rows.size() < scan.rows_max) return found;
    scan.after = rows.back().first;
  }
}

Result<bool> is_named(const Store& store, const UserId& user, const BlobHash& hash,
                      const std::set<ThreadNumber>& except) {
  // One row more than those of `except` is enough.
  TRY_LET(rows, store.scan({.table = Table::meta,
                            .prefix = keys::blobs(user, hash.bytes()),
                            .rows_max = static_cast<std::uint32_t>(except.size() + 1)}));
  return std::ranges::any_of(rows, [&](const auto& found) {
    return std::ranges::none_of(except, [&](ThreadNumber thread) {
      return found.first == keys::blob({user, hash.bytes(), thread});
    });
  });
}

}  // namespace lockstep::blob_rows
