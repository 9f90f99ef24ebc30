// SPDX-License-Identifier: Apache-2.0
#include "engine/store/thread_flags.h"

#include "engine/base/limits.h"
#include "engine/store/keys.h"

namespace lockstep::marks {
namespace {

std::string key_of(std::string_view mark, ThreadNumber thread) {
  return std::string(mark) + keys::encode_number(thread.get());
}

}  // namespace

Row set(std::string_view mark, ThreadNumber thread) {
  return {
      .table = Table::meta, .key = key_of(mark, thread), .value = "", .stamp = Row::Stamp::none};
}

Row clear(std::string_view mark, ThreadNumber thread) {
  return {.table = Table::meta,
          .key = key_of(mark, thread),
          .value = std::nullopt,
          .stamp = Row::Stamp::none};
}

Result<std::vector<ThreadNumber>> read(const Store& store, std::string_view mark) {
  std::vector<ThreadNumber> threads;
  Scan scan{.table = Table::meta, .prefix = std::string(mark), .rows_max = limits::list_max};
  while (true) {
    const auto rows = store.scan(scan);
    if (!rows) return std::unexpected(rows.error());
    for (const auto& [key, value] : *rows) {
      const auto number = keys::decode_number(std::string_view(key).substr(mark.size()));
      if (!number) return fail(Kind::corrupt, "corrupt", "a mark in `meta` names no thread");
      threads.push_back(ThreadNumber(*number));
    }
    if (rows->size() < scan.rows_max) return threads;
    scan.after = rows->back().first;
  }
}

}  // namespace lockstep::marks
