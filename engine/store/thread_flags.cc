// SPDX-License-Identifier: Apache-2.0
#include "engine/store/thread_flags.h"

#include "engine/base/codes.h"
#include "engine/base/limits.h"
#include "engine/base/must.h"
#include "engine/base/try.h"
#include "engine/store/keys.h"

namespace lockstep::thread_flags {
namespace {

std::string key_of(std::string_view flag, ThreadNumber thread) {
  MUST(flag == quarantined || flag == erasing);
  return std::string(flag) + keys::encode_number(thread.get());
}

}  // namespace

RowWrite set(std::string_view flag, ThreadNumber thread) {
  return {.table = Table::meta,
          .key = key_of(flag, thread),
          .value = "",
          .stamp = RowWrite::Stamp::none};
}

RowWrite clear(std::string_view flag, ThreadNumber thread) {
  return {.table = Table::meta,
          .key = key_of(flag, thread),
          .value = std::nullopt,
          .stamp = RowWrite::Stamp::none};
}

Result<std::vector<ThreadNumber>> read(const Store& store, std::string_view flag) {
  std::vector<ThreadNumber> threads;
  Scan scan{.table = Table::meta, .prefix = std::string(flag), .rows_max = limits::list_max};
  while (true) {
    TRY_LET(rows, store.scan(scan));
    for (const auto& [key, value] : rows) {
      const auto number = keys::decode_number(std::string_view(key).substr(flag.size()));
      if (!number)
        return fail(Kind::corrupt, codes::corrupt, "a thread flag in `meta` names no thread");
      threads.push_back(ThreadNumber(*number));
    }
    if (rows.size() < scan.rows_max) return threads;
    scan.after = rows.back().first;
  }
}

}  // namespace lockstep::thread_flags
