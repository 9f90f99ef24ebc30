#include "tests/damage/spoil.h"

#include <limits>

#include "engine/keys.h"
#include "engine/must.h"
#include "engine/rocks/rocks_keys.h"
#include "engine/rocks/rocks_kv.h"
#include "engine/view_codec.h"

namespace lockstep::damage {

Result<void> spoil(const Spoil& what) {
  FailStop fail_stop([](const std::string&) { MUST(!"the disk of a test has failed"); });
  auto kv = RocksKv::open(what.data + "/rocks", {}, fail_stop);
  if (!kv) return std::unexpected(kv.error());
  const std::string key = keys::thread(ThreadId(what.thread));
  const auto row = (*kv)->get(KvTable::threads, key);
  if (!row) return std::unexpected(row.error());
  if (!*row) return fail(Kind::not_found, "unknown_thread", what.thread);
  const auto record = decode_thread_record(key, **row);
  if (!record) return std::unexpected(record.error());
  const ThreadNumber number = record->record.number;
  auto rows = (*kv)->scan({.table = what.table,
                           .begin = thread_begin(number),
                           .end = thread_end(number),
                           .direction = Direction::backward,
                           .rows_max = 1,
                           .bytes_max = std::numeric_limits<std::size_t>::max()});
  if (!rows) return std::unexpected(rows.error());
  if (rows->empty()) return fail(Kind::not_found, "no_rows", what.thread);
  auto [at, value] = rows->front();
  value[value.size() / 2] = static_cast<char>(value[value.size() / 2] ^ 1);
  KvBatch batch;
  batch.put(what.table, at, value);
  return (*kv)->commit(batch);
}

}  // namespace lockstep::damage
