// SPDX-License-Identifier: Apache-2.0
#include "engine/live/entry_rows.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "engine/base/limits.h"
#include "engine/rules/digest.h"
#include "engine/rules/fold.h"
#include "engine/rules/sizes.h"
#include "engine/store/entry_codec.h"
#include "engine/store/keys.h"
#include "engine/store/open_runs.h"
#include "engine/store/row_codec.h"
#include "engine/store/thread_flags.h"
#include "engine/store/thread_snapshot.h"

namespace lockstep {
namespace {

void add(std::vector<Row>& rows, std::vector<Row> more) {
  std::ranges::move(more, std::back_inserter(rows));
}

bool wants_views(const LiveThread& thread, const Entry& entry) {
  const auto is_static = [](const Event& event) {
    return std::holds_alternative<RunEnded>(event) || std::holds_alternative<MessagePut>(event);
  };
  return thread.since_view + 1 >= limits::view_entries_max ||
         std::ranges::any_of(entry.events, is_static);
}

// The thread's row, and its place in the feed.
std::vector<Row> list_rows(const LiveThread& thread, const ThreadRecord& record) {
  std::string key = keys::thread(record.name());
  std::string value = encode(key, record);
  std::vector<Row> rows{{Table::threads, std::move(key), std::move(value), Row::Stamp::value}};
  if (thread.feed_commit != CommitNumber()) {
    rows.push_back({Table::feed, keys::feed(record.owner, thread.feed_commit), std::nullopt,
                    Row::Stamp::none});
  }
  key = keys::feed(record.owner);
  value = encode(key, FeedRow{record.name(), !record.thread});
  rows.push_back({Table::feed, std::move(key), std::move(value), Row::Stamp::key});
  return rows;
}

std::vector<Row> settings_rows(std::span<const AgentSettings> settings, const Store& store) {
  std::vector<Row> rows;
  for (const AgentSettings& one : settings) {
    std::string key = keys::settings(sha256(one.bytes));
    const auto known = store.get(Table::settings, key);
    if (known && *known == one.bytes) continue;
    rows.push_back({Table::settings, std::move(key), one.bytes, Row::Stamp::none});
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

namespace {

// All but those of views, and the state after the entry if there are to be views.
std::pair<EntryRows, std::optional<ThreadState>> short_rows(const LiveThread& thread,
                                                            const Entry& entry,
                                                            std::span<const AgentSettings> settings,
                                                            const Store& store) {
  const bool views = wants_views(thread, entry);
  if (!views && !is_boundary(entry)) return {};
  // The copy shares what the entry does not change, so it costs the same however long the thread
  // is; and content, the one thing that comes often, is not here.
  ThreadState after = thread.state;
  fold(after, entry);

  EntryRows result{.rows = settings_rows(settings, store), .views = views, .listed = true};
  add(result.rows, list_rows(thread, {.id = thread.name.id,
                                      .number = thread.number,
                                      .owner = thread.name.owner,
                                      .thread = after.thread,
                                      .view = views ? entry.at : thread.view_at,
                                      .last = entry.at}));
  add(result.rows, open_run_rows(thread.number, after, entry));
  if (!views) return {std::move(result), std::nullopt};
  return {std::move(result), std::move(after)};
}

EntryRows tombstone_of(const LiveThread& thread, const Entry& entry) {
  ThreadState after = thread.state;
  fold(after, entry);
  const ThreadRecord record{.id = thread.name.id,
                            .number = thread.number,
                            .owner = thread.name.owner,
                            .thread = std::nullopt,
                            .view = Timestamp(),
                            .last = entry.at};
  EntryRows result{.rows = list_rows(thread, record), .views = false, .listed = true};
  // The thread's log goes, so nothing could make this row again: it is kept twice.
  std::string key = keys::deleted(thread.name);
  std::string value = encode(key, record);
  result.rows.push_back({Table::meta, std::move(key), std::move(value), Row::Stamp::value});
  add(result.rows, open_run_rows(thread.number, after, entry));
  result.rows.push_back(marks::set(marks::erasing, thread.number));
  return result;
}

}  // namespace

Row next_thread_row(ThreadNumber unused) {
  return {Table::meta, std::string(keys::next_thread), keys::encode_number(unused.get()),
          Row::Stamp::none};
}

EntryRows rows_of(const LiveThread& thread, const Entry& entry,
                  std::span<const AgentSettings> settings, const Store& store) {
  auto [rows, after] = short_rows(thread, entry, settings, store);
  if (after) add(rows.rows, view_rows(thread.number, *after, thread.view_at));
  if (entry.origin) rows.rows.push_back(next_thread_row(ThreadNumber(thread.number.get() + 1)));
  return std::move(rows);
}

EntryWriter::EntryWriter(const LiveThread& thread, std::shared_ptr<const Entry> entry)
    : number_(thread.number),
      entry_(std::move(entry)),
      before_(&thread.state),
      view_at_(thread.view_at),
      bytes_(size_of(*entry_)) {}

EntryWriter EntryWriter::of(const LiveThread& thread, std::shared_ptr<const Entry> entry,
                            std::span<const AgentSettings> settings, const Store& store) {
  EntryWriter writer(thread, std::move(entry));
  std::tie(writer.rows_, writer.after_) = short_rows(thread, *writer.entry_, settings, store);
  if (writer.after_) writer.bytes_ += view_bytes(*writer.after_, thread.view_at);
  return writer;
}

EntryWriter EntryWriter::of_last(const LiveThread& thread, std::shared_ptr<const Entry> entry) {
  EntryWriter writer(thread, std::move(entry));
  writer.rows_ = tombstone_of(thread, *writer.entry_);
  return writer;
}

WrittenEntry EntryWriter::write() {
  WrittenEntry written{encode(*entry_, kept_ ? *kept_ : *before_), std::move(rows_.rows)};
  if (after_) add(written.rows, view_rows(number_, *after_, view_at_));
  return written;
}

}  // namespace lockstep
