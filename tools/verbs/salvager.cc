// SPDX-License-Identifier: Apache-2.0
#include "tools/verbs/salvager.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "engine/base/codes.h"
#include "engine/base/try.h"
#include "engine/live/entry_rows.h"
#include "engine/rocks/limits.h"
#include "engine/rules/decide.h"
#include "engine/rules/digest.h"
#include "engine/rules/fold.h"
#include "engine/store/blob_rows.h"
#include "engine/store/entry_codec.h"
#include "engine/store/keys.h"
#include "engine/store/thread_flags.h"
#include "engine/store/usage_rows.h"
#include "schema/json/json_reader.h"
#include "server/base/usage_json.h"
#include "server/inference/settings.h"
#include "tools/store/derived.h"
#include "tools/store/reading.h"

namespace lockstep {

// The thread whose entries are being read.
struct Salvager::Walked {
  ThreadNumber number;
  bool deleted = false;
  ThreadState state;
  CommitNumber boundary;
  BlobSet blobs;
  LeftOut out;  // `why` is empty until something is left out
};

namespace {

struct NoAgents final : Agents {
  [[nodiscard]] std::optional<AgentSettings> settings(const AgentName&,
                                                      const std::optional<Json>&) const override {
    return {};
  }
  [[nodiscard]] std::optional<std::chrono::microseconds> outlives(const AgentName&,
                                                                  std::string_view) const override {
    return {};
  }
};

bool has_open_runs(const ThreadState& state) {
  return state.running.has_value() || !state.waiting.empty();
}

std::string time_of(Timestamp at) { return std::to_string(at.get()); }

}  // namespace

Salvager::Salvager(Parts parts) : parts_(std::move(parts)) {}
Salvager::~Salvager() = default;

Result<Salvaged> Salvager::run() {
  result_.log_torn = parts_.remains.log_torn();
  look();
  auto walked = parts_.remains.log(
      [this](LogKey key, const std::optional<LogValue>& value) { return entry(key, value); });
  if (walked) walked = end_thread();
  if (!walked) return std::unexpected(walked.error());
  account();
  TRY(end_runs());
  TRY(finish());
  result_.damages = parts_.remains.damages();
  return std::move(result_);
}

// --- The tables next to the log ------------------------------------------------------------------

void Salvager::look() {
  for (const auto& [key, value] : parts_.remains.rows(KvTable::threads)) {
    if (const auto record = decode_thread_record(key, value)) look_at(*record);
  }
  for (const auto& [key, value] : parts_.remains.rows(KvTable::feed)) {
    const auto row = decode_feed_row(key, value);
    if (row && row->removed) removed_.insert(row->thread);
  }
  for (const auto& [key, value] : parts_.remains.rows(KvTable::settings)) {
    const auto hash = keys::decode_settings(key);
    if (hash && *hash == sha256(value) && settings_.insert(*hash).second) {
      put({{Table::settings, key, value, RowWrite::Stamp::none}});
    }
  }
  for (const auto& [key, value] : parts_.remains.rows(KvTable::meta)) look_at_meta(key, value);
  for (ThreadNumber number : parts_.remains.erased()) erasing_.erase(number);
}

void Salvager::look_at(const StampedThreadRecord& record) {
  const ThreadNumber number = record.record.number;
  next_thread_ = std::max(next_thread_, number.get() + 1);
  auto& known = record.record.thread ? records_ : tombstones_;
  const auto [place, fresh] = known.emplace(number, record);
  if (!fresh && place->second.record.last < record.record.last) place->second = record;
}

void Salvager::look_at_meta(const std::string& key, const std::string& value) {
  if (key == tail_key) {
    const auto tail = decode_tail(value);
    if (tail && tail->last >= old_tail_.last) old_tail_ = *tail;
  } else if (key == epochs_key) {
    const auto epochs = decode_epochs(value);
    // Epochs are only added, so the longest copy is the newest.
    if (epochs && (!epochs_ || epochs->former.size() > epochs_->former.size())) epochs_ = *epochs;
  } else if (key == keys::next_thread) {
    const auto number = keys::decode_number(value);
    if (number) next_thread_ = std::max(next_thread_, *number);
  } else if (const auto used = decode_usage_key(usage_gone_prefix, key)) {
    // Sums only grow, so the largest copy is the newest.
    const auto counts = decode_usage_counts(key, value);
    if (counts && counts->runs >= usage_gone_[*used].runs) usage_gone_[*used] = *counts;
  } else if (keys::decode_deleted(key)) {
    if (const auto record = decode_thread_record(key, value)) look_at(*record);
  } else if (key.starts_with(thread_flags::erasing)) {
    const auto number =
        keys::decode_number(std::string_view(key).substr(thread_flags::erasing.size()));
    if (number) erasing_.insert(ThreadNumber(*number));
  }
}

bool Salvager::is_deleted(ThreadNumber number) const {
  if (tombstones_.contains(number) || erasing_.contains(number)) return true;
  if (parts_.remains.erased().contains(number)) return true;
  const auto record = records_.find(number);
  return record != records_.end() && removed_.contains(record->second.record.name());
}

// --- The log -------------------------------------------------------------------------------------

Result<void> Salvager::entry(LogKey key, const std::optional<LogValue>& value) {
  if (!walked_ || walked_->number != key.thread) {
    if (auto ended = end_thread(); !ended) return ended;
    walked_ = std::make_unique<Walked>();
    walked_->number = key.thread;
    walked_->deleted = is_deleted(key.thread);
  }
  Walked& walked = *walked_;
  if (value) last_seen_ = std::max(last_seen_, value->commit);
  if (walked.deleted) {
    if (erasing_.contains(key.thread)) ++half_erased_;
    return {};
  }
  if (walked.out.why.empty()) walked.out.why = reason_to_stop(key, value);
  if (walked.out.why.empty()) {
    keep(key, *value);
    return flush(limits::salvage_batch_bytes);
  }
  ++walked.out.entries;
  walked.out.last_at = key.at;
  if (value) walked.out.last_commit = value->commit;
  return {};
}

// The reason to leave out this entry; empty if it was folded.
std::string Salvager::reason_to_stop(LogKey key, const std::optional<LogValue>& value) {
  Walked& walked = *walked_;
  const std::string name = "entry " + time_of(key.at);
  if (!value) return name + " is damaged";
  if (value->previous != walked.state.now) return "the entry before " + name + " is missing";
  const std::uint64_t commit = value->commit.get();
  if (value->commit <= walked.out.kept_commit || (commit < commits_.size() && commits_[commit])) {
    return name + " has the commit number of another entry";
  }
  const StoredEntry stored{key.at, value->commit, std::string(value->body)};
  const auto folded = fold_stored(walked.state, stored);
  if (!folded) return folded.error().detail;
  if (is_boundary(*folded) || walked.boundary == CommitNumber()) walked.boundary = stored.commit;
  walked.blobs.merge(blobs_of(*folded));
  return {};
}

void Salvager::keep(LogKey key, const LogValue& value) {
  std::string row = encode_key(key);
  std::string bytes = encode_value(key, value);
  batch_bytes_ += row.size() + bytes.size();
  batch_.put(KvTable::log, std::move(row), std::move(bytes));
  const std::uint64_t commit = value.commit.get();
  if (commit >= commits_.size()) commits_.resize(commit + 1);
  commits_[commit] = true;
  if (value.commit > tail_.last) tail_ = {.last = value.commit, .entry = key};
  walked_->out.kept_commit = value.commit;
  walked_->out.kept_at = key.at;
  ++walked_->out.kept;
  if (++result_.entries % limits::walk_rows_max == 0 && parts_.progress) {
    parts_.progress(result_.entries);
  }
}

Result<void> Salvager::end_thread() {
  if (!walked_) return {};
  const std::unique_ptr<Walked> walked = std::move(walked_);
  const ThreadNumber number = walked->number;
  next_thread_ = std::max(next_thread_, number.get() + 1);
  if (walked->deleted) return {};
  seen_.insert(number);
  LeftOut& out = walked->out;
  const ThreadState& state = walked->state;
  note_loss(number, out);
  if (out.kept > 0) {
    ++result_.threads;
    add(usage_, usage_of(state, read_usage));
    for (std::uint32_t run = 0; run < state.runs.size(); ++run) {
      const auto& hash = state.runs[run].run.settings;
      if (hash && !settings_.contains(*hash)) ++result_.settings_missing;
    }
    if (has_open_runs(state)) {
      open_.push_back(number);
      put(blob_rows::of(lockstep::name_of(state).owner, number, walked->blobs));
    } else {
      put(derived_rows({number, state, walked->boundary, walked->blobs}));
    }
  }
  if (!out.why.empty()) {
    out.thread = out.kept > 0 ? NamedThread::of(lockstep::name_of(state)) : name_of(number);
    result_.left_out.push_back(std::move(out));
  }
  return flush(limits::salvage_batch_bytes);
}

// Records a loss if the thread's row in the list knows of later entries.
void Salvager::note_loss(ThreadNumber number, LeftOut& out) const {
  const auto record = records_.find(number);
  if (record == records_.end() || record->second.record.last <= out.kept_at) return;
  const Timestamp last = record->second.record.last;
  if (out.why.empty()) out.why = "the entries up to " + time_of(last) + " are missing";
  out.last_at = std::max(out.last_at, last);
  out.last_commit = std::max(out.last_commit, record->second.commit);
}

NamedThread Salvager::name_of(ThreadNumber number) const {
  const auto record = records_.find(number);
  if (record != records_.end()) return NamedThread::of(record->second.record.name());
  return {{}, number};
}

// --- Losses --------------------------------------------------------------------------------------

void Salvager::account() {
  for (const auto& [number, record] : records_) {
    if (seen_.contains(number) || is_deleted(number)) continue;
    LeftOut out;
    out.why = "its entries can't be read";
    note_loss(number, out);
    out.thread = name_of(number);
    result_.left_out.push_back(std::move(out));
  }
  result_.last =
      std::max({tail_.last, old_tail_.last, last_seen_, parts_.witness.value_or(CommitNumber())});
  std::uint64_t known = result_.entries + old_tail_.without;
  for (const LeftOut& out : result_.left_out) known += out.entries;
  if (known < result_.last.get()) known += half_erased_;
  if (known < result_.last.get()) result_.missing = result_.last.get() - known;
}

// --- The new store -------------------------------------------------------------------------------

Result<void> Salvager::end_runs() {
  if (auto flushed = flush(0); !flushed) return flushed;
  tail_.entry = tail_.last == result_.last ? tail_.entry : LogKey();
  tail_.last = result_.last;
  for (ThreadNumber number : open_) {
    if (auto ended = end_runs_of(number); !ended) return ended;
  }
  result_.interrupted = open_.size();
  return {};
}

// Appends an entry of the new epoch that ends the runs, as a start of the server does.
Result<void> Salvager::end_runs_of(ThreadNumber number) {
  TRY_LET(state, fold_thread(parts_.log, number));
  const NoAgents agents;
  const Rules rules{
      .agents = agents, .is_json_object = is_json_object, .epoch = Epoch(), .former = {}};
  const Timestamp at(std::max(parts_.clock.now().get(), state.now.get() + 1));
  const Decision decision = interrupt(
      state, {codes::interrupted, "the store was salvaged from a damaged one"}, at, rules);
  const LogKey key{number, at};
  const CommitNumber commit(tail_.last.get() + 1);
  batch_.put(KvTable::log, encode_key(key),
             encode_value(key, {commit, state.now, encode(decision.entry, state)}));
  tail_.last = commit;
  tail_.entry = key;
  ++result_.entries;
  fold(state, decision.entry);
  add(usage_, usage_of(state, decision.entry, read_usage));
  put(derived_rows({number, state, commit}));
  return flush(limits::salvage_batch_bytes);
}

void Salvager::put_tombstones() {
  for (const auto& [number, tombstone] : tombstones_) {
    const ThreadRecord& record = tombstone.record;
    const std::string commit = keys::encode_number(tombstone.commit.get());
    const std::string key = keys::thread(record.name());
    const std::string copy = keys::deleted(record.name());
    const std::string feed = keys::feed(record.owner);
    put({{Table::threads, key, encode(key, record) + commit, RowWrite::Stamp::none},
         {Table::meta, copy, encode(copy, record) + commit, RowWrite::Stamp::none},
         {Table::feed, keys::feed(record.owner, tombstone.commit),
          encode(feed, FeedRow{record.name(), true}), RowWrite::Stamp::none}});
  }
  result_.deleted = tombstones_.size();
}

Result<void> Salvager::finish() {
  put_tombstones();
  add(usage_, usage_gone_);
  for (const auto& [key, counts] : usage_) put({usage_row(usage_prefix, key, counts)});
  for (const auto& [key, counts] : usage_gone_) put({usage_row(usage_gone_prefix, key, counts)});
  const Epoch next(parts_.random.next());
  result_.epochs = epochs_ ? with_new_epoch(*epochs_, next, result_.last) : Epochs{next, {}};
  // Lists may have shown changes that are lost, and a list's cursor can't tell which.
  if (!result_.whole() && epochs_) result_.epochs.former.back().lists_end = CommitNumber();
  tail_.without = tail_.last.get() - result_.entries;
  put({{Table::meta, std::string(epochs_key), encode_epochs(result_.epochs), RowWrite::Stamp::none},
       {Table::meta, std::string(keys::next_thread), keys::encode_number(next_thread_),
        RowWrite::Stamp::none},
       {Table::meta, std::string(tail_key), encode_tail(tail_), RowWrite::Stamp::none}});
  result_.new_last = tail_.last;
  return flush(0);
}

void Salvager::put(std::vector<RowWrite> rows) {
  for (RowWrite& row : rows) {
    batch_bytes_ += row.key.size() + row.value.value_or("").size();
    if (row.value) batch_.put(kv_table(row.table), std::move(row.key), std::move(*row.value));
  }
}

Result<void> Salvager::flush(std::size_t bytes_min) {
  if (batch_bytes_ < bytes_min || batch_.empty()) return {};
  const KvBatch batch = std::exchange(batch_, {});
  batch_bytes_ = 0;
  return parts_.kv.commit(batch);
}

}  // namespace lockstep
