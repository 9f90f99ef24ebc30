#include "tools/reading.h"

#include "engine/entry_codec.h"
#include "engine/executor.h"
#include "engine/fold.h"
#include "engine/keys.h"
#include "engine/limits.h"
#include "engine/must.h"
#include "engine/rocks/rocks_log.h"

namespace lockstep {

// A log that is only read posts nothing.
struct StoreReader::Strand final : Executor {
  void post(Task) override { MUST(false && "a reader has nothing to wait for"); }
  void post_after(std::chrono::microseconds, Task) override {
    MUST(false && "a reader has nothing to wait for");
  }
  [[nodiscard]] bool runs_here() const override { return true; }
};

StoreReader::StoreReader() : strand_(std::make_unique<Strand>()) {}
StoreReader::~StoreReader() = default;

Result<std::unique_ptr<StoreReader>> StoreReader::open(const std::string& data) {
  std::unique_ptr<StoreReader> reader(new StoreReader());
  auto rocks = RocksLog::open_read_only(
      data, {.executor = *reader->strand_, .random = reader->random_, .options = {}});
  if (!rocks) return std::unexpected(rocks.error());
  reader->rocks_ = std::move(*rocks);
  return reader;
}

const Log& StoreReader::log() const { return rocks_->log(); }
const Store& StoreReader::store() const { return rocks_->log(); }

Result<std::vector<StampedThreadRecord>> StoreReader::threads() const {
  return thread_records(store());
}

Result<ThreadRecord> StoreReader::thread(const ThreadId& id) const {
  const std::string key = keys::thread(id);
  const auto value = store().get(Table::threads, key);
  if (!value) return std::unexpected(value.error());
  if (!*value) return fail(Kind::not_found, "unknown_thread", "there is no thread " + id.get());
  auto record = decode_thread_record(key, **value);
  if (!record) return std::unexpected(record.error());
  if (!record->record.thread) {
    return fail(Kind::gone, "deleted", "thread " + id.get() + " was deleted");
  }
  return std::move(record->record);
}

Result<std::vector<StampedThreadRecord>> thread_records(const Store& store) {
  std::vector<StampedThreadRecord> records;
  Scan scan{.table = Table::threads,
            .prefix = {},
            .after = {},
            .direction = Direction::forward,
            .rows_max = limits::read_entries_max};
  while (true) {
    const auto rows = store.scan(scan);
    if (!rows) return std::unexpected(rows.error());
    if (rows->empty()) return records;
    for (const auto& [key, value] : *rows) {
      auto record = decode_thread_record(key, value);
      if (!record) return std::unexpected(record.error());
      records.push_back(std::move(*record));
    }
    scan.after = rows->back().first;
  }
}

Result<Entry> fold_stored(ThreadState& state, const StoredEntry& stored) {
  const auto damaged = [&](const std::string& why) {
    const std::string thread = state.thread.id.get().empty() ? "a thread's first entry"
                                                             : "thread " + state.thread.id.get();
    return fail(Kind::corrupt, "corrupt",
                thread + ", entry " + std::to_string(stored.at.get()) + ": " + why);
  };
  auto entry = decode(stored.bytes, stored.at, state);
  if (!entry) return damaged(entry.error().detail);
  const std::string why = unfoldable(state, *entry);
  if (!why.empty()) return damaged(why);
  fold(state, *entry);
  return entry;
}

Result<ThreadState> fold_thread(const Log& log, ThreadNumber number, std::optional<Timestamp> to,
                                const VisitEntry& visit) {
  ThreadState state;
  while (true) {
    const auto page = log.read(number, state.now, limits::read_entries_max, limits::read_bytes_max);
    if (!page) return std::unexpected(page.error());
    if (page->empty()) return state;
    for (const StoredEntry& stored : *page) {
      if (to && stored.at > *to) return state;
      const auto entry = fold_stored(state, stored);
      if (!entry) return std::unexpected(entry.error());
      if (visit && !visit(stored, *entry, state)) return state;
    }
  }
}

}  // namespace lockstep
