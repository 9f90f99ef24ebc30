// SPDX-License-Identifier: Apache-2.0
#include "engine/live/entry_rows.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "engine/base/limits.h"
#include "engine/base/must.h"
#include "engine/rules/blob_names.h"
#include "engine/rules/digest.h"
#include "engine/rules/fold.h"
#include "engine/rules/sizes.h"
#include "engine/store/blob_rows.h"
#include "engine/store/entry_codec.h"
#include "engine/store/keys.h"
#include "engine/store/open_runs.h"
#include "engine/store/row_codec.h"
#include "engine/store/thread_flags.h"
#include "engine/store/thread_snapshot.h"

namespace lockstep {
namespace {

void add(std::vector<RowWrite>& rows, std::vector<RowWrite> more) {
  std::ranges::move(more, std::back_inserter(rows));
}

// At the end of a run and after a put the content rests. A snapshot in the middle of a run would
// write the growing message again and again.
bool wants_snapshot(const LiveThread& thread, const Entry& entry) {
  const auto is_static = [](const Event& event) {
    return std::holds_alternative<RunEnded>(event) || std::holds_alternative<MessagePut>(event);
  };
  return thread.since_snapshot + 1 >= limits::snapshot_entries_max ||
         std::ranges::any_of(entry.events, is_static);
}

// The thread's row, and its place in the feed.
std::vector<RowWrite> list_rows(const LiveThread& thread, const ThreadRecord& record) {
  MUST(thread.number != ThreadNumber());
  std::string key = keys::thread(record.name());
  std::string value = encode(key, record);
  std::vector<RowWrite> rows{
      {Table::threads, std::move(key), std::move(value), RowWrite::Stamp::value}};
  if (thread.feed_commit != CommitNumber()) {
    rows.push_back({Table::feed, keys::feed(record.owner, thread.feed_commit), std::nullopt,
                    RowWrite::Stamp::none});
  }
  key = keys::feed(record.owner);
  value = encode(key, FeedRow{record.name(), !record.thread});
  rows.push_back({Table::feed, std::move(key), std::move(value), RowWrite::Stamp::key});
  return rows;
}

std::vector<RowWrite> settings_rows(std::span<const AgentSettings> settings, const Store& store) {
  std::vector<RowWrite> rows;
  for (const AgentSettings& one : settings) {
    std::string key = keys::settings(sha256(one.bytes));
    const auto known = store.get(Table::settings, key);
    if (known && *known == one.bytes) continue;
    rows.push_back({Table::settings, std::move(key), one.bytes, RowWrite::Stamp::none});
  }
  return rows;
}

}  // namespace

bool is_boundary(const Entry& entry) {
  return std::ranges::any_of(entry.events, [](const Event& event) {
    return !std::holds_alternative<PartStarted>(event) &&
           !std::holds_alternative<ContentAppended>(event);
  });
}

bool moves_in_feed(const LiveThread& thread, const Entry& entry) {
  return is_boundary(entry) || wants_snapshot(thread, entry);
}

namespace {

// The rows other than a snapshot's, and the state after the entry if the entry writes a snapshot.
std::pair<EntryRows, std::optional<ThreadState>> short_rows(const LiveThread& thread,
                                                            const Entry& entry,
                                                            std::span<const AgentSettings> settings,
                                                            const Store& store) {
  MUST(entry.previous == thread.state.now);
  if (!moves_in_feed(thread, entry)) return {};
  const bool snapshot = wants_snapshot(thread, entry);
  // The copy shares what the entry does not change, so it costs the same however long the thread
  // is. Content, which comes often, has returned above.
  ThreadState after = thread.state;
  fold(after, entry);

  EntryRows result{.rows = settings_rows(settings, store), .snapshot = snapshot, .listed = true};
  add(result.rows, list_rows(thread, {.id = thread.name.id,
                                      .number = thread.number,
                                      .owner = thread.name.owner,
                                      .thread = after.thread,
                                      .snapshot = snapshot ? entry.at : thread.snapshot_at,
                                      .last = entry.at}));
  add(result.rows, open_run_rows(thread.number, after, entry));
  if (!snapshot) return {std::move(result), std::nullopt};
  return {std::move(result), std::move(after)};
}

EntryRows tombstone_of(const LiveThread& thread, const Entry& entry) {
  ThreadState after = thread.state;
  fold(after, entry);
  const ThreadRecord record{.id = thread.name.id,
                            .number = thread.number,
                            .owner = thread.name.owner,
                            .thread = std::nullopt,
                            .snapshot = Timestamp(),
                            .last = entry.at};
  EntryRows result{.rows = list_rows(thread, record), .snapshot = false, .listed = true};
  // The log is erased, so this row can't be rebuilt from it: it is stored twice.
  std::string key = keys::deleted(thread.name);
  std::string value = encode(key, record);
  result.rows.push_back({Table::meta, std::move(key), std::move(value), RowWrite::Stamp::value});
  add(result.rows, open_run_rows(thread.number, after, entry));
  result.rows.push_back(thread_flags::set(thread_flags::erasing, thread.number));
  return result;
}

}  // namespace

std::vector<RowWrite> blob_rows_of(const LiveThread& thread, const Entry& entry) {
  return blob_rows::of(thread.name.owner, thread.number, blobs_of(entry));
}

RowWrite next_thread_row(ThreadNumber unused) {
  return {Table::meta, std::string(keys::next_thread), keys::encode_number(unused.get()),
          RowWrite::Stamp::none};
}

EntryRows rows_of(const LiveThread& thread, const Entry& entry,
                  std::span<const AgentSettings> settings, const Store& store) {
  auto [rows, after] = short_rows(thread, entry, settings, store);
  if (after) add(rows.rows, snapshot_rows(thread.number, *after, thread.snapshot_at));
  if (entry.origin) rows.rows.push_back(next_thread_row(ThreadNumber(thread.number.get() + 1)));
  add(rows.rows, blob_rows_of(thread, entry));
  return std::move(rows);
}

EntryWriter::EntryWriter(const LiveThread& thread, std::shared_ptr<const Entry> entry)
    : number_(thread.number),
      entry_(std::move(entry)),
      before_(&thread.state),
      snapshot_at_(thread.snapshot_at),
      bytes_(size_of(*entry_)) {
  MUST(entry_->previous == thread.state.now);
}

EntryWriter EntryWriter::of(const LiveThread& thread, std::shared_ptr<const Entry> entry,
                            std::span<const AgentSettings> settings, const Store& store) {
  EntryWriter writer(thread, std::move(entry));
  std::tie(writer.rows_, writer.after_) = short_rows(thread, *writer.entry_, settings, store);
  MUST(writer.after_.has_value() == writer.rows_.snapshot);
  add(writer.rows_.rows, blob_rows_of(thread, *writer.entry_));
  if (writer.after_) writer.bytes_ += snapshot_bytes(*writer.after_, thread.snapshot_at);
  return writer;
}

EntryWriter EntryWriter::of_last(const LiveThread& thread, std::shared_ptr<const Entry> entry) {
  EntryWriter writer(thread, std::move(entry));
  writer.rows_ = tombstone_of(thread, *writer.entry_);
  return writer;
}

WrittenEntry EntryWriter::write() {
  MUST((kept_ ? kept_->now : before_->now) == entry_->previous);
  WrittenEntry written{encode(*entry_, kept_ ? *kept_ : *before_), std::move(rows_.rows)};
  if (after_) add(written.rows, snapshot_rows(number_, *after_, snapshot_at_));
  return written;
}

}  // namespace lockstep
