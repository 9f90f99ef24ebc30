// SPDX-License-Identifier: Apache-2.0
#include "tests/damage/spoil.h"

#include <limits>

#include "engine/base/codes.h"
#include "engine/base/must.h"
#include "engine/rocks/rocks_keys.h"
#include "engine/rocks/rocks_kv.h"
#include "engine/store/keys.h"
#include "engine/store/row_codec.h"

namespace lockstep::damage {
namespace {

Result<ThreadNumber> number_of(const Kv& kv, const std::string& thread) {
  const auto rows = kv.scan({.table = KvTable::threads,
                             .rows_max = std::numeric_limits<std::uint32_t>::max(),
                             .bytes_max = std::numeric_limits<std::size_t>::max()});
  if (!rows) return std::unexpected(rows.error());
  for (const auto& [key, value] : *rows) {
    const auto record = decode_thread_record(key, value);
    if (record && record->record.id.get() == thread) return record->record.number;
  }
  return fail(Kind::not_found, codes::unknown_thread, thread);
}

}  // namespace

Result<void> spoil(const Spoil& what) {
  FailStop fail_stop([](const std::string&) { MUST(!"the disk of a test has failed"); });
  auto kv = RocksKv::open(what.data + "/rocks", {}, fail_stop);
  if (!kv) return std::unexpected(kv.error());
  const auto found = number_of(**kv, what.thread);
  if (!found) return std::unexpected(found.error());
  const ThreadNumber number = *found;
  auto rows = (*kv)->scan({.table = what.table,
                           .begin = thread_begin(number),
                           .end = thread_end(number),
                           .direction = Direction::backward,
                           .rows_max = 1,
                           .bytes_max = std::numeric_limits<std::size_t>::max()});
  if (!rows) return std::unexpected(rows.error());
  if (rows->empty()) return std::unexpected(Error{Kind::not_found, "no_rows", what.thread});
  auto [at, value] = rows->front();
  value[value.size() / 2] = static_cast<char>(value[value.size() / 2] ^ 1);
  KvBatch batch;
  batch.put(what.table, at, value);
  return (*kv)->commit(batch);
}

}  // namespace lockstep::damage
