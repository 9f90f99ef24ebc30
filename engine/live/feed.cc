// SPDX-License-Identifier: Apache-2.0
#include "engine/live/feed.h"

#include <algorithm>
#include <utility>

#include "engine/base/codes.h"
#include "engine/base/limits.h"
#include "engine/base/must.h"
#include "engine/base/try.h"
#include "engine/store/keys.h"
#include "engine/store/row_codec.h"

namespace lockstep {
namespace {

struct Changed {
  CommitNumber commit;
  FeedRow row;
};

Result<std::vector<Changed>> read_rows(const Store& store, const Scan& scan) {
  TRY_LET(stored, store.scan(scan));
  std::vector<Changed> rows;
  for (const auto& [key, value] : stored) {
    const auto place = keys::decode_feed(key);
    if (!place) return fail(Kind::corrupt, codes::corrupt, "a key in the feed names no change");
    TRY_LET(row, decode_feed_row(key, value));
    rows.push_back({place->commit, std::move(row)});
  }
  return rows;
}

// Makes the feed from the list of threads, whose rows have their thread's place in the feed: all
// rows of the user, oldest first. Skips damaged rows, whose place is unknown.
Result<std::vector<Changed>> rows_of_threads(const Store& store, const UserId& user) {
  std::vector<Changed> all;
  Scan scan{.table = Table::threads, .rows_max = limits::read_entries_max};
  while (true) {
    TRY_LET(stored, store.scan(scan));
    for (const auto& [key, value] : stored) {
      const auto record = decode_thread_record(key, value);
      if (!record || record->record.owner != user) continue;
      all.push_back({record->commit, {record->record.name(), !record->record.thread}});
    }
    if (stored.size() < scan.rows_max) break;
    scan.after = stored.back().first;
  }
  std::ranges::sort(all, {}, &Changed::commit);
  return all;
}

// The rows that the scan would have found.
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

// A damaged feed must not hide intact threads. Then the list of threads is read, which has the same
// data but takes longer. `lockstep rebuild` makes the feed again.
Result<Rows> feed_rows(const Store& store, const UserId& user, const Scan& scan) {
  auto rows = read_rows(store, scan);
  if (rows) return Rows{std::move(*rows), {}};
  if (rows.error().kind != Kind::corrupt) return std::unexpected(rows.error());
  auto all = rows_of_threads(store, user);
  if (!all) return std::unexpected(rows.error());
  return Rows{part_of(std::move(*all), scan), rows.error()};
}

// The thread as the list shows it. If its row is damaged, only its id is shown: the thread exists,
// and opening it reports the damage.
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
    return fail(Kind::conflict, codes::unknown_history,
                "this cursor is not of the feed's history: start without one");
  }
  return CommitNumber(cursor->at.get());
}

Result<ThreadsPage> Feed::threads(const UserId& user, const std::optional<std::string>& before,
                                  std::uint32_t limit) const {
  ThreadsPage page;
  page.cursor = cursor(log_.last_commit());
  limit = bounded(limit);
  // One row more than the page: it shows that there is a next page.
  Scan scan{.table = Table::feed,
            .prefix = keys::feed(user),
            .direction = Direction::backward,
            .rows_max = limit + 1};
  if (before) {
    // A page may end at a row that is durable but not reported yet.
    TRY_LET(commit, position(*before, Ahead::yes));
    scan.after = keys::feed(user, commit);
  }
  CommitNumber last;
  while (true) {
    TRY_LET(found, feed_rows(store_, user, scan));
    if (found.damage) page.damage = found.damage;
    for (const auto& [commit, row] : found.rows) {
      if (page.threads.size() == limit) page.next = cursor(last);
      if (page.next) return page;
      last = commit;
      if (row.removed) continue;
      TRY_LET(thread, listed(store_, row.thread));
      page.threads.push_back(std::move(thread));
    }
    if (found.rows.size() < scan.rows_max) return page;
    scan.after = keys::feed(user, last);
  }
}

Result<std::vector<FeedItem>> Feed::items(const UserId& user, const std::string& after,
                                          std::uint32_t limit) const {
  Scan scan{.table = Table::feed, .prefix = keys::feed(user), .rows_max = bounded(limit)};
  if (!after.empty()) {
    TRY_LET(commit, position(after, Ahead::no));
    scan.after = keys::feed(user, commit);
  }
  TRY_LET(found, feed_rows(store_, user, scan));
  std::vector<FeedItem> items;
  for (const Changed& row : found.rows) {
    // The row is durable but not reported yet: it comes with its commit. Its cursor would be ahead
    // of the log.
    if (row.commit > log_.last_commit()) break;
    FeedItem item{
        .cursor = cursor(row.commit), .owner = row.row.thread.owner, .thread = {}, .removed = {}};
    if (row.row.removed) {
      item.removed = row.row.thread.id;
    } else {
      TRY_LET(thread, listed(store_, row.row.thread));
      item.thread = std::move(thread);
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
  const std::size_t left = found->second.erase(&follower);
  MUST(left == 1);
  if (found->second.empty()) followers_.erase(found);
}

void Feed::wake(const UserId& user) {
  auto found = followers_.find(user);
  if (found == followers_.end()) return;
  for (Follower* follower : found->second) follower->wake();
}

}  // namespace lockstep
