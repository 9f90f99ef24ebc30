// SPDX-License-Identifier: Apache-2.0
#include "tools/forms/history.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <set>

#include "engine/base/codes.h"
#include "engine/base/limits.h"
#include "engine/base/try.h"
#include "engine/live/entry_rows.h"
#include "engine/rules/digest.h"
#include "engine/rules/fold.h"
#include "engine/store/entry_codec.h"
#include "engine/store/keys.h"
#include "engine/store/open_runs.h"
#include "schema/json/json_text.h"
#include "server/base/usage_json.h"
#include "tools/forms/json.h"
#include "tools/forms/record.h"

namespace lockstep {
namespace {

// JavaScript reads a greater number as another one. It is in the year 2255.
constexpr Timestamp last_of_fronts((std::uint64_t{1} << 53) - 1);

constexpr std::uint64_t history_version = 2;
// Lines had only the thread's id; the first entry named the user.
constexpr std::uint64_t history_version_ownerless = 1;
// Appends that may wait for the disk at the same time.
constexpr std::size_t in_flight_max = 256;

std::unexpected<Error> invalid(std::string what) {
  return fail(Kind::rejected, codes::invalid, std::move(what));
}

std::string header_of(std::uint64_t version) {
  std::string line = "{";
  append_field(line, "lockstep", "history");
  append_field_number(line, "version", version);
  return line + "}\n";
}

// Lines with the settings that this entry's run starts need, except those already written.
Result<std::string> settings_lines(const Store& store, const ThreadName& thread, const Entry& entry,
                                   std::set<Hash>& written) {
  std::string lines;
  for (const Event& event : entry.events) {
    const auto* started = std::get_if<RunStarted>(&event);
    const auto* attempt = std::get_if<AttemptStarted>(&event);
    if (!started && !attempt) continue;
    const Hash& settings = started ? started->settings : attempt->settings;
    if (!written.insert(settings).second) continue;
    TRY_LET(bytes, store.get(Table::settings, keys::settings(settings)));
    if (!bytes) {
      const RunId& run = started ? started->run : attempt->run;
      return fail(Kind::corrupt, codes::corrupt,
                  to_string(thread) + ": the settings of run " + run.get() + " are missing");
    }
    lines += '{';
    append_field(lines, "user", thread.owner.get());
    append_field(lines, "thread", thread.id.get());
    append_field(lines, "settings", to_hex(settings));
    append_field(lines, "bytes", *bytes);
    lines += "}\n";
  }
  return lines;
}

std::string without_end(std::string line) {
  line.pop_back();
  return line;
}

// Is it the header of a version that is not known yet?
bool is_newer(const JsonValue& line) {
  const JsonValue* kind = line.find("lockstep");
  const JsonValue* version = line.find("version");
  if (!kind || kind->text != "history" || !version) return false;
  std::uint64_t number = 0;
  const char* end = version->text.data() + version->text.size();
  const auto [stopped, error] = std::from_chars(version->text.data(), end, number);
  return error == std::errc() && stopped == end && number > history_version;
}

// Makes `user` the user of the entry.
void give(Entry& entry, const UserId& user) {
  if (entry.origin) entry.origin->owner = user;
  for (Ack& ack : entry.acks) ack.user = user;
}

}  // namespace

// --- Out -----------------------------------------------------------------------------------------

std::string history_header() { return header_of(history_version); }

Result<std::uint64_t> export_history(const StoreReader& reader, const ThreadRecord& record,
                                     BlobLines& blobs,
                                     const std::function<void(std::string_view)>& write) {
  std::uint64_t entries = 0;
  std::set<Hash> written;
  std::optional<Error> error;
  const auto state = fold_thread(reader.log(), record.number, {},
                                 [&](const StoredEntry&, const Entry& entry, const ThreadState&) {
                                   const auto settings = settings_lines(
                                       reader.store(), record.name(), entry, written);
                                   if (!settings) {
                                     error = settings.error();
                                     return false;
                                   }
                                   blobs.write(record.name(), entry, write);
                                   std::string line = *settings + "{";
                                   append_field(line, "user", record.owner.get());
                                   append_field(line, "thread", record.id.get());
                                   append_name(line, "entry");
                                   append_entry(line, entry);
                                   write(line + "}\n");
                                   ++entries;
                                   return true;
                                 });
  if (!state) return std::unexpected(state.error());
  if (error) return std::unexpected(*error);
  return entries;
}

// --- In ------------------------------------------------------------------------------------------

// The thread that is being written. Its newest entry is held back, because only the next line or
// the end shows whether it is the thread's last: the last entry writes the snapshot and the list's
// row.
struct HistoryImport::Target {
  LiveThread live;
  bool is_new = false;
  std::vector<Entry> known;  // in the store already
  std::size_t place = 0;     // in `known`
  std::optional<Entry> held;
};

HistoryImport::HistoryImport(StoreWriter& writer, Blobs& blobs, UserId user)
    : writer_(writer), blobs_(blobs), users_(std::move(user)) {}
HistoryImport::~HistoryImport() = default;

Result<void> HistoryImport::take(std::string_view line) {
  if (!failure_) return failure_;
  TRY_LET(value, parse_json(line));
  // A file may hold several exports, one after another: each begins with the header.
  const std::string text = value.find("thread") ? std::string() : to_text(value) + "\n";
  const bool ownerless = text == header_of(history_version_ownerless);
  const bool header = ownerless || text == history_header();
  if (!header && is_newer(value)) {
    return invalid("a newer Lockstep has written this history: use a newer Lockstep");
  }
  if (!header && !header_seen_) {
    return invalid("the first line of a history must be " + without_end(history_header()));
  }
  if (header) {
    ownerless_ = ownerless;
    begun_.reset();
    header_seen_ = true;
    const auto ended = end_thread();
    target_.reset();  // the same thread may come again
    return ended;
  }
  if (value.find("blob")) {
    TRY_LET(thread, thread_of(value, nullptr));
    return blobs_.take(thread.owner, value);
  }
  const JsonValue* entry = value.find("entry");
  if (!entry) {
    const JsonValue* hash = value.find("settings");
    const JsonValue* bytes = value.find("bytes");
    if (!hash || !bytes) return invalid("a line needs `entry`, or `settings` and `bytes`");
    return take_settings(hash->text, bytes->text);
  }
  TRY_LET(read, entry_of(*entry));
  TRY_LET(thread, thread_of(value, &read));
  if (users_.is_given()) give(read, thread.owner);
  if (!target_ || target_->live.name != thread) {
    if (auto ended = end_thread(); !ended) return ended;
    if (auto opened = open(thread); !opened) return opened;
  }
  return take_entry(std::move(read));
}

// The thread of a line, by `user` and `thread`. In version 1 a line has only `thread`, and the
// thread's first entry names the user.
Result<ThreadName> HistoryImport::thread_of(const JsonValue& line, const Entry* entry) {
  const auto id_in = [&line](std::string_view field) {
    const JsonValue* value = line.find(field);
    const bool good = value && value->is(JsonValue::Kind::string) && is_id(value->text);
    return good ? std::optional(value->text) : std::nullopt;
  };
  const auto id = id_in("thread");
  if (!id) return invalid("`thread` is missing, or not an id");
  std::optional<std::string> user = id_in("user");
  if (ownerless_) {
    if (entry && entry->origin) begun_ = ThreadName{entry->origin->owner, ThreadId(*id)};
    if (begun_ && begun_->id.get() == *id) user = begun_->owner.get();
  }
  return users_.name(ThreadId(*id), user ? std::optional(UserId(*user)) : std::nullopt);
}

Result<void> HistoryImport::finish() {
  auto ended = end_thread();
  wait_until_at_most(0);
  return ended ? failure_ : ended;
}

Result<void> HistoryImport::open(const ThreadName& thread) {
  auto target = std::make_unique<Target>();
  target->live.name = thread;
  const std::string key = keys::thread(thread);
  TRY_LET(row, writer_.store().get(Table::threads, key));
  if (row) {
    TRY_LET(record, decode_thread_record(key, *row));
    if (!record.record.thread) {
      return fail(Kind::gone, codes::deleted,
                  to_string(thread) + " was deleted in this store, and can't be imported again");
    }
    target->live.number = record.record.number;
    target->live.snapshot_at = record.record.snapshot;
    target->live.feed_commit = record.commit;
    const auto state = fold_thread(writer_.log(), record.record.number, {},
                                   [&](const StoredEntry&, const Entry& entry, const ThreadState&) {
                                     target->known.push_back(entry);
                                     return true;
                                   });
    if (!state) return std::unexpected(state.error());
    target->live.state = *state;
  } else {
    TRY_LET(number, next_number());
    target->live.number = number;
    target->is_new = true;
  }
  ++account_.threads;
  target_ = std::move(target);
  return {};
}

Result<ThreadNumber> HistoryImport::next_number() {
  if (next_number_ == ThreadNumber()) {
    TRY_LET(row, writer_.store().get(Table::meta, keys::next_thread));
    const auto number = row ? keys::decode_number(*row) : 1;
    if (!number)
      return fail(Kind::corrupt, codes::corrupt, "the next thread's number can't be read");
    next_number_ = ThreadNumber(*number);
  }
  return std::exchange(next_number_, ThreadNumber(next_number_.get() + 1));
}

Result<void> HistoryImport::take_settings(const std::string& hash, const std::string& bytes) {
  if (to_hex(sha256(bytes)) != hash) return invalid("`bytes` do not match the hash in `settings`");
  const std::string key = keys::settings(sha256(bytes));
  TRY_LET(known, writer_.store().get(Table::settings, key));
  if (known) return {};
  return writer_.write({{Table::settings, key, bytes, RowWrite::Stamp::none}});
}

Result<void> HistoryImport::take_entry(Entry entry) {
  ++account_.entries;
  Target& target = *target_;
  blobs_.names(target.live.name.owner, entry);
  if (target.place < target.known.size()) {
    if (target.known[target.place] != entry) {
      return fail(Kind::conflict, codes::other_history,
                  to_string(target.live.name) + " has another history here, from entry " +
                      std::to_string(target.known[target.place].at.get()) + " on");
    }
    ++target.place;
    return {};
  }
  if (target.held) {
    if (auto appended = append(std::move(*target.held), false); !appended) return appended;
    target.held.reset();
  }
  std::string why = unfoldable(target.live.state, entry);
  if (why.empty() && entry.at > last_of_fronts) why = "it is later than a front can read";
  if (!why.empty()) return invalid("entry " + std::to_string(entry.at.get()) + ": " + why);
  if (entry.origin && ThreadName{entry.origin->owner, entry.origin->thread} != target.live.name) {
    return invalid("the first entry belongs to another thread");
  }
  target.held = std::move(entry);
  return {};
}

Result<void> HistoryImport::end_thread() {
  if (!target_ || !target_->held) return {};
  Entry last = std::move(*target_->held);
  target_->held.reset();
  return append(std::move(last), true);
}

Result<void> HistoryImport::append(Entry entry, bool last) {
  LiveThread& live = target_->live;
  ThreadState after = live.state;
  fold(after, entry);
  // Makes the snapshot due, so that the last entry writes it.
  if (last) live.since_snapshot = limits::snapshot_entries_max;
  const bool whole = last || entry.origin;
  EntryRows rows;
  if (whole) rows = rows_of(live, entry, {}, writer_.store());
  if (!whole) {
    rows.rows = open_run_rows(live.number, after, entry);
    std::ranges::move(blob_rows_of(live, entry), std::back_inserter(rows.rows));
  }
  if (auto counted = count_usage(after, entry, rows.rows); !counted) return counted;
  Append append{.thread = live.number,
                .expected = live.state.now,
                .entry = std::make_shared<const Entry>(entry),
                .bytes = encode(entry, live.state),
                .rows = std::move(rows.rows)};
  if (rows.snapshot) live.snapshot_at = entry.at;
  live.state = std::move(after);
  ++in_flight_;
  writer_.log().append(std::move(append), [this](Result<CommitNumber> done) {
    if (!done) failure_ = std::unexpected(done.error());
    if (done) ++account_.entries_new;
    if (done) last_commit_ = *done;
    --in_flight_;
    moved_ = true;
  });
  // The thread's next row replaces its place in the feed, so the commit of this one must be known.
  wait_until_at_most(whole ? 0 : in_flight_max);
  if (rows.listed) live.feed_commit = last_commit_;
  return failure_;
}

// The sums that the store had, and all that was imported since.
Result<void> HistoryImport::count_usage(const ThreadState& after, const Entry& entry,
                                        std::vector<RowWrite>& rows) {
  for (const auto& [key, counts] : usage_of(after, entry, read_usage)) {
    const auto [sum, fresh] = usage_.try_emplace(key);
    if (fresh) {
      auto stored = read_usage_row(writer_.store(), usage_row_key(usage_prefix, key));
      if (!stored) return std::unexpected(std::move(stored.error()));
      sum->second = *stored;
    }
    sum->second += counts;
    rows.push_back(usage_row(usage_prefix, key, sum->second));
  }
  return {};
}

void HistoryImport::wait_until_at_most(std::size_t count) {
  while (in_flight_ > count) {
    moved_ = false;
    writer_.wait_for(moved_);
  }
}

}  // namespace lockstep
