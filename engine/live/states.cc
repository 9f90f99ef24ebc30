// SPDX-License-Identifier: Apache-2.0
#include "engine/live/states.h"

#include <utility>

#include "engine/base/codes.h"
#include "engine/base/limits.h"
#include "engine/base/must.h"
#include "engine/base/try.h"
#include "engine/live/lane.h"
#include "engine/live/thread_errors.h"
#include "engine/rules/fold.h"
#include "engine/rules/held.h"
#include "engine/store/entry_codec.h"
#include "engine/store/keys.h"
#include "engine/store/row_codec.h"
#include "engine/store/thread_snapshot.h"

namespace lockstep {
namespace {

// Puts the thread's name first: the code that finds damaged bytes may not know the thread.
std::unexpected<Error> damaged(const ThreadName& thread, Error error) {
  const std::string name = to_string(thread) + ": ";
  if (!error.detail.starts_with(name)) error.detail.insert(0, name);
  return std::unexpected(std::move(error));
}

// Folds the entries after the snapshot.
Result<void> fold_rest(const Log& log, LiveThread& thread) {
  while (true) {
    TRY_LET(stored, log.read(thread.number, thread.state.now, limits::read_entries_max,
                             limits::read_bytes_max));
    if (stored.empty()) return {};
    for (const StoredEntry& row : stored) {
      TRY_LET(entry, decode(row.bytes, row.at, thread.state));
      std::string why = unfoldable(thread.state, entry);
      if (!why.empty()) return std::unexpected(corrupt(thread.name, std::move(why)));
      fold(thread.state, entry);
      ++thread.since_snapshot;
    }
  }
}

// Marks the thread while it is being opened (crash_mark.h).
class CrashMark {
 public:
  CrashMark(CrashMarker* marker, ThreadNumber thread) : marker_(marker) {
    if (marker_) marker_->set(thread);
  }
  ~CrashMark() {
    if (marker_) marker_->clear();
  }
  CrashMark(const CrashMark&) = delete;
  CrashMark& operator=(const CrashMark&) = delete;

 private:
  CrashMarker* marker_;
};

}  // namespace

LiveThread::LiveThread() = default;
LiveThread::~LiveThread() = default;

States::States(Parts parts) : parts_(parts) {}
States::~States() = default;

// --- Opening -------------------------------------------------------------------------------------

Result<LiveThread*> States::open(const std::optional<UserId>& user, const ThreadName& name) {
  if (user && *user != name.owner) return std::unexpected(unknown_thread());
  auto known = threads_.find(name);
  LiveThread* thread = known == threads_.end() ? nullptr : known->second.get();
  if (thread) {
    if (thread->deleted) return std::unexpected(thread_deleted());
    if (!thread->exists()) return std::unexpected(unknown_thread());
  } else {
    // Its size is not known before it is loaded. If it is too large, it is dropped when idle.
    if (user && parts_.memory && !parts_.memory->admits(MemoryKind::states, limits::thread_bytes)) {
      return fail(Kind::overloaded, codes::overloaded,
                  "there is no memory free to read the thread: try again later");
    }
    TRY_LET(loaded, parts_.damage.look_at(Damaged::thread, to_string(name), load(name)));
    thread = &keep(std::move(loaded));
    charge_rows(thread->state, parts_.memory);
  }
  touch(*thread);
  trim(thread);
  return thread;
}

Result<LiveThread*> States::open_or_make(const UserId& user, const ThreadName& name) {
  if (user != name.owner) return std::unexpected(unknown_thread());
  auto known = threads_.find(name);
  // A request in flight is making the thread.
  if (known != threads_.end() && !known->second->exists() && !known->second->deleted) {
    return known->second.get();
  }
  auto found = open(user, name);
  if (found || found.error().kind != Kind::not_found) return found;
  auto made = std::make_unique<LiveThread>();
  made->name = name;
  made->state.thread.id = name.id;
  made->state.owner = name.owner;
  made->former = former_of_new(parts_.epochs);
  return &keep(std::move(made));
}

LiveThread* States::find(ThreadNumber number) {
  auto found = numbers_.find(number);
  return found == numbers_.end() ? nullptr : found->second;
}

LiveThread* States::find(const ThreadName& name) {
  auto found = threads_.find(name);
  return found == threads_.end() ? nullptr : found->second.get();
}

Result<std::unique_ptr<LiveThread>> States::load(const ThreadName& name) {
  const std::string key = keys::thread(name);
  TRY_LET(row, parts_.store.get(Table::threads, key));
  if (!row) return std::unexpected(unknown_thread());
  auto thread = std::make_unique<LiveThread>();
  thread->name = name;
  const auto record = decode_thread_record(key, *row);
  if (record) {
    if (!record->record.thread) return std::unexpected(thread_deleted());
    thread->number = record->record.number;
    thread->snapshot_at = record->record.snapshot;
    thread->feed_commit = record->commit;
  }
  if (quarantined_names_.contains(name) || quarantined_.contains(thread->number)) {
    return std::unexpected(corrupt(name, "it is quarantined: run `lockstep verify`"));
  }
  const Result<void> filled =
      record ? fill(*thread, record->record.last) : std::unexpected(record.error());
  if (!filled) {
    if (filled.error().kind != Kind::corrupt) return std::unexpected(filled.error());
    if (quarantined_names_.insert(name).second) ++parts_.metrics.threads_quarantined;
    return damaged(name, filled.error());
  }
  ++parts_.metrics.states_loaded;
  return thread;
}

// The state: from the snapshot, then from the entries after it.
Result<void> States::fill(LiveThread& thread, Timestamp last) const {
  MUST(thread.state.now == Timestamp());
  CrashMark crash_mark(parts_.crash_mark, thread.number);
  if (thread.snapshot_at != Timestamp()) {
    TRY_LET(snapshot, load_snapshot(parts_.store, thread.number));
    if (snapshot.now != thread.snapshot_at) {
      return std::unexpected(
          corrupt(thread.name, "its snapshot is of another time than its row says"));
    }
    thread.state = std::move(snapshot);
  }
  Result<void> folded = fold_rest(parts_.log, thread);
  if (!folded) return folded;
  if (name_of(thread.state) != thread.name) {
    return std::unexpected(corrupt(thread.name, "its log is another thread's"));
  }
  if (thread.state.now < last) {
    return std::unexpected(
        corrupt(thread.name, "its log ends before its row in the list of threads says"));
  }
  TRY_LET(former, former_of(parts_.log, thread.number, thread.state.now, parts_.epochs));
  thread.former = std::move(former);
  return {};
}

Result<void> States::reload(LiveThread& thread) {
  return parts_.damage.look_at(Damaged::thread, to_string(thread.name), read_again(thread));
}

Result<void> States::read_again(LiveThread& thread) {
  const std::string key = keys::thread(thread.name);
  TRY_LET(row, parts_.store.get(Table::threads, key));
  if (!row) return std::unexpected(unknown_thread());
  TRY_LET(record, decode_thread_record(key, *row));
  LiveThread read;
  read.name = thread.name;
  read.number = record.record.number;
  read.snapshot_at = record.record.snapshot;
  if (record.record.thread) {
    Result<void> filled = fill(read, record.record.last);
    if (!filled) return filled;
    thread.state = std::move(read.state);
    thread.former = std::move(read.former);
    charge_rows(thread.state, parts_.memory);
  }
  // The other writer may have made the thread, under another number than ours.
  numbers_.erase(thread.number);
  thread.number = read.number;
  numbers_[thread.number] = &thread;
  thread.deleted = !record.record.thread;
  thread.snapshot_at = read.snapshot_at;
  thread.since_snapshot = read.since_snapshot;
  thread.feed_commit = record.commit;
  return {};
}

void States::quarantine(ThreadNumber number) {
  if (quarantined_.insert(number).second) ++parts_.metrics.threads_quarantined;
}

// --- Changing ------------------------------------------------------------------------------------

void States::give_number(LiveThread& thread, ThreadNumber number) {
  MUST(thread.number == ThreadNumber() && number != ThreadNumber());
  thread.number = number;
  const bool fresh = numbers_.emplace(number, &thread).second;
  MUST(fresh);
}

void States::fold(const Committed& committed) {
  LiveThread* thread = find(committed.thread);
  MUST(thread != nullptr && !thread->deleted);  // the entry that deletes a thread is its last
  lockstep::fold(thread->state, *committed.entry);
  charge_rows(thread->state, *committed.entry, parts_.memory);
  ++thread->since_snapshot;
  if (thread->erasing) thread->deleted = true;
  ++parts_.metrics.entries;
  parts_.metrics.events += committed.entry->events.size();
}

// --- Keeping -------------------------------------------------------------------------------------

LiveThread& States::keep(std::unique_ptr<LiveThread> thread) {
  LiveThread& kept = *thread;
  MUST(kept.name == name_of(kept.state));
  kept.held = Charge(parts_.memory, MemoryKind::states, limits::thread_bytes);
  if (kept.number != ThreadNumber()) {
    const bool fresh = numbers_.emplace(kept.number, &kept).second;
    MUST(fresh);
  }
  const bool fresh = threads_.emplace(kept.name, std::move(thread)).second;
  MUST(fresh);
  parts_.metrics.states_in_memory = threads_.size();
  return kept;
}

bool States::busy(const LiveThread& thread) const {
  // A run that another process writes, and the runs queued behind it, need no memory here until the
  // next step comes.
  const bool runs = thread.state.running || !thread.state.waiting.empty();
  const bool outside = parts_.outside && parts_.outside->has(thread.number);
  return (thread.lane && !thread.lane->idle()) || (runs && !outside) ||
         parts_.hub.followed(thread.name);
}

void States::touch(LiveThread& thread) {
  if (thread.idle) idle_.erase(thread.place);
  thread.idle = true;
  thread.idle_since = seconds_;
  // A thread without entries, or a deleted one, is not worth keeping: it goes first.
  thread.place = idle_.insert(thread.exists() ? idle_.end() : idle_.begin(), &thread);
}

bool States::over(const LiveThread* used) const {
  if (idle_.empty() || idle_.front() == used) return false;
  return idle_.size() > limits::idle_states_max || !idle_.front()->exists() ||
         (parts_.memory && parts_.memory->full());
}

void States::trim(const LiveThread* used) {
  while (over(used)) let_go_of_first();
}

void States::give_up(std::size_t bytes) {
  if (!parts_.memory) return;
  const std::size_t before = parts_.memory->bytes();
  while (!idle_.empty() && before - parts_.memory->bytes() < bytes) let_go_of_first();
}

void States::settle() {
  ++seconds_;
  if (!parts_.memory) return;
  const std::size_t settled = parts_.memory->bytes_max() / limits::memory_settled;
  while (!idle_.empty() && parts_.memory->bytes(MemoryKind::states) > settled &&
         seconds_ - idle_.front()->idle_since > limits::idle_seconds_max) {
    let_go_of_first();
  }
}

// A busy thread may be in the list, because each use touches it. It stays loaded, and is touched
// again when that use ends.
void States::let_go_of_first() {
  MUST(!idle_.empty() && idle_.front()->idle);
  LiveThread& thread = *idle_.front();
  idle_.pop_front();
  thread.idle = false;
  if (!busy(thread)) drop(thread);
}

void States::drop(LiveThread& thread) {
  MUST(!thread.idle);  // else the list of idle threads would keep a pointer to it
  if (thread.number != ThreadNumber()) numbers_.erase(thread.number);
  const ThreadName name = thread.name;
  threads_.erase(name);
  parts_.metrics.states_in_memory = threads_.size();
}

}  // namespace lockstep
