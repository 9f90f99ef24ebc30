// SPDX-License-Identifier: Apache-2.0
#include "engine/live/feed.h"

#include <algorithm>
#include <utility>

#include "engine/base/limits.h"
#include "engine/base/must.h"
#include "engine/store/keys.h"
#include "engine/store/row_codec.h"

namespace lockstep {
namespace {

struct Changed {
  CommitNumber commit;
  FeedRow row;
};

Result<std::vector<Changed>> read_rows(const Store& store, const Scan& scan) {
  const auto stored = store.scan(scan);
  if (!stored) return std::unexpected(stored.error());
  std::vector<Changed> rows;
  for (const auto& [key, value] : *stored) {
    const auto place = keys::decode_feed(key);
    if (!place) return fail(Kind::corrupt, "corrupt", "a key in the feed names no change");
    auto row = decode_feed_row(key, value);
    if (!row) return std::unexpected(row.error());
    rows.push_back({place->commit, std::move(*row)});
  }
  return rows;
}

// The same from the list of threads, which has of each thread where its place in the feed is: all
// rows of the user, oldest first. A row that is damaged has no place that is known.
Result<std::vector<Changed>> rows_of_threads(const Store& store, const UserId& user) {
  std::vector<Changed> all;
  Scan scan{.table = Table::threads, .rows_max = limits::read_entries_max};
  while (true) {
    const auto stored = store.scan(scan);
    if (!stored) return std::unexpected(stored.error());
    for (const auto& [key, value] : *stored) {
      const auto record = decode_thread_record(key, value);
      if (!record || record->record.owner != user) continue;
      all.push_back({record->commit, {record->record.name(), !record->record.thread}});
    }
    if (stored->size() < scan.rows_max) break;
    scan.after = stored->back().first;
  }
  std::ranges::sort(all, {}, &Changed::commit);
  return all;
}

// What the scan would have found there.
std::vector<Changed> part_of(std::vector<Changed> all, const Scan& scan) {
  const bool forward = scan.direction == Direction::forward;
  if (!forward) std::ranges::reverse(all);
  const auto from = scan.after.empty() ? std::nullopt : keys::decode_feed(scan.after);
  std::erase_if(all, [&](const Changed& row) {
    return from && (forward ? row.commit <= from->commit : row.commit >= from->commit);
  });
  if (all.size() > scan.rows_max) all.resize(scan.rows_max);
  return all;
}

struct Rows {
  std::vector<Changed> rows;
  std::optional<Error> damage;  // why they are not from the feed
};

// A feed that is damaged must not hide the threads, which are well: then the list of threads, which
// says the same but takes the longer time, is asked. `lockstep rebuild` makes the feed again.
Result<Rows> feed_rows(const Store& store, const UserId& user, const Scan& scan) {
  auto rows = read_rows(store, scan);
  if (rows) return Rows{std::move(*rows), {}};
  if (rows.error().kind != Kind::corrupt) return std::unexpected(rows.error());
  auto all = rows_of_threads(store, user);
  if (!all) return std::unexpected(rows.error());
  return Rows{part_of(std::move(*all), scan), rows.error()};
}

// As the list shows it. A thread whose row is damaged is shown by its id alone: it is there, and to
// open it says what is the matter.
Result<Thread> listed(const Store& store, const ThreadName& name) {
  const std::string key = keys::thread(name);
  const auto value = store.get(Table::threads, key);
  Thread thread;
  thread.id = name.id;
  if (!value && value.error().kind == Kind::corrupt) return thread;
  if (!value) return std::unexpected(value.error());
  if (!*value) return thread;
  auto record = decode_thread_record(key, **value);
  if (record && record->record.thread) return std::move(*record->record.thread);
  return thread;
}

std::uint32_t bounded(std::uint32_t limit) {
  return std::clamp<std::uint32_t>(limit, 1, limits::list_max);
}

}  // namespace

Feed::Feed(const Log& log, const Store& store, const Epochs& epochs)
    : log_(log), store_(store), epochs_(epochs) {}

std::string Feed::cursor(CommitNumber commit) const {
  return to_string(Cursor{Timestamp(commit.get()), epochs_.current});
}

Result<CommitNumber> Feed::position(const std::string& text, Ahead ahead) const {
  const auto cursor = parse_cursor(text);
  const auto shared = cursor ? lists_shared_until(epochs_, cursor->epoch) : std::nullopt;
  const bool may_be_ahead = ahead == Ahead::yes && shared && cursor->epoch == epochs_.current;
  if (!shared ||
      (!may_be_ahead && cursor->at.get() > std::min(*shared, log_.last_commit()).get())) {
    return fail(Kind::conflict, "unknown_history", "this cursor is not of the feed's history");
  }
  return CommitNumber(cursor->at.get());
}

Result<ThreadsPage> Feed::threads(const UserId& user, const std::optional<std::string>& before,
                                  std::uint32_t limit) const {
  ThreadsPage page;
  page.cursor = cursor(log_.last_commit());
  limit = bounded(limit);
  Scan scan{.table = Table::feed,
            .prefix = keys::feed(user),
            .direction = Direction::backward,
            .rows_max = limit + 1};
  if (before) {
    // A page may end at a row that is durable and was not yet told of.
    const auto commit = position(*before, Ahead::yes);
    if (!commit) return std::unexpected(commit.error());
    scan.after = keys::feed(user, *commit);
  }
  CommitNumber last;
  while (true) {
    const auto found = feed_rows(store_, user, scan);
    if (!found) return std::unexpected(found.error());
    if (found->damage) page.damage = found->damage;
    for (const auto& [commit, row] : found->rows) {
      if (page.threads.size() == limit) page.next = cursor(last);
      if (page.next) return page;
      last = commit;
      if (row.removed) continue;
      auto thread = listed(store_, row.thread);
      if (!thread) return std::unexpected(thread.error());
      page.threads.push_back(std::move(*thread));
    }
    if (found->rows.size() < scan.rows_max) return page;
    scan.after = keys::feed(user, last);
  }
}

Result<std::vector<FeedItem>> Feed::items(const UserId& user, const std::string& after,
                                          std::uint32_t limit) const {
  Scan scan{.table = Table::feed, .prefix = keys::feed(user), .rows_max = bounded(limit)};
  if (!after.empty()) {
    const auto commit = position(after, Ahead::no);
    if (!commit) return std::unexpected(commit.error());
    scan.after = keys::feed(user, *commit);
  }
  const auto found = feed_rows(store_, user, scan);
  if (!found) return std::unexpected(found.error());
  std::vector<FeedItem> items;
  for (const Changed& row : found->rows) {
    // Durable, but not yet told of: it comes with its commit. A cursor of it would be ahead of the
    // log.
    if (row.commit > log_.last_commit()) break;
    FeedItem item{
        .cursor = cursor(row.commit), .owner = row.row.thread.owner, .thread = {}, .removed = {}};
    if (row.row.removed) {
      item.removed = row.row.thread.id;
    } else {
      auto thread = listed(store_, row.row.thread);
      if (!thread) return std::unexpected(thread.error());
      item.thread = std::move(*thread);
    }
    items.push_back(std::move(item));
  }
  return items;
}

void Feed::join(const UserId& user, Follower& follower) {
  const bool fresh = followers_[user].insert(&follower).second;
  MUST(fresh);
}

void Feed::leave(const UserId& user, Follower& follower) {
  auto found = followers_.find(user);
  MUST(found != followers_.end());
  found->second.erase(&follower);
  if (found->second.empty()) followers_.erase(found);
}

void Feed::wake(const UserId& user) {
  auto found = followers_.find(user);
  if (found == followers_.end()) return;
  for (Follower* follower : found->second) follower->wake();
}

}  // namespace lockstep
