// SPDX-License-Identifier: Apache-2.0
#include "tests/laws/spied_store.h"

#include <algorithm>
#include <limits>

#include "engine/rules/state.h"
#include "engine/store/entry_codec.h"

namespace lockstep::test {
namespace {

std::string bytes_of(std::uint64_t number) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift & 0xff);
  return bytes;
}

std::string key_of(ThreadNumber number, Timestamp at) {
  return bytes_of(number.get()) + bytes_of(at.get());
}

std::uint64_t number_in(const std::string& key) {
  std::uint64_t number = 0;
  for (std::size_t at = 0; at < 8; ++at) {
    number = number << 8 | static_cast<unsigned char>(key[at]);
  }
  return number;
}

std::vector<KvRow> whole_log(const Kv& kv) {
  auto rows = kv.scan({.table = KvTable::log,
                       .begin = {},
                       .end = {},
                       .rows_max = std::numeric_limits<std::uint32_t>::max(),
                       .bytes_max = std::numeric_limits<std::size_t>::max()});
  return rows ? *rows : std::vector<KvRow>();
}

}  // namespace

ThreadTruth& Records::thread(const ThreadName& id) {
  return threads.try_emplace(id, id, counts).first->second;
}

void Records::found(std::string what) {
  if (wrong.empty()) wrong = std::move(what);
}

void Records::handed_over(ThreadNumber number, std::shared_ptr<const Entry> entry) {
  if (entry->origin) name(number, {entry->origin->owner, entry->origin->thread});
  if (!names_.contains(number.get())) found("an entry of a thread without a name");
  std::string key = key_of(number, entry->at);
  on_its_way_[std::move(key)] = {number, std::move(entry)};
}

void Records::name(ThreadNumber number, ThreadName thread) {
  const auto [known, fresh] = names_.try_emplace(number.get(), thread);
  if (fresh || known->second == thread) return;
  const auto first = rows_.lower_bound(bytes_of(number.get()));
  if (first != rows_.end() && number_in(first->first) == number.get()) {
    found(to_string(thread) + " is given the number of " + to_string(known->second));
  }
  known->second = std::move(thread);
}

void Records::flushed(const KvBatch& batch) {
  for (const KvBatch::Change& change : batch.changes()) {
    if (change.table != KvTable::log) continue;
    if (change.kind == KvBatch::Kind::put) {
      durable(change.key, change.value);
      continue;
    }
    const auto name = names_.find(number_in(change.key));
    if (name == names_.end() || !thread(name->second).erase_asked) {
      found("entries are erased of a thread that nobody asked to erase");
    }
  }
}

void Records::durable(const std::string& key, const std::string& value) {
  if (!rows_.emplace(key, value).second) found("an entry is written over another");
  const auto entry = on_its_way_.find(key);
  if (entry == on_its_way_.end()) return found("the log holds an entry that nobody gave it");
  const ThreadName name = names_.at(entry->second.number.get());
  std::string what = thread(name).add(entry->second.entry, life);
  if (!what.empty()) found(std::move(what));
  on_its_way_.erase(entry);
}

void Records::look_again(const Kv& kv) {
  const std::vector<KvRow> rows = whole_log(kv);
  const std::map<std::string, std::string> there(rows.begin(), rows.end());
  for (const auto& [key, value] : there) {
    const auto known = rows_.find(key);
    if (known == rows_.end()) {
      ++counts["entry survives unanswered"];
      durable(key, value);
    } else if (known->second != value) {
      found("bytes of an entry are others after the power cut");
    }
  }
  for (const auto& [key, value] : rows_) {
    if (!there.contains(key) && !thread(names_.at(number_in(key))).erase_asked) {
      found("an entry is gone after the power cut: " + to_string(names_.at(number_in(key))));
    }
  }
  if (!on_its_way_.empty()) ++counts["entry lost unanswered"];
  on_its_way_.clear();
}

std::map<ThreadName, ThreadTruth> Records::go_back(Kept kept) {
  threads.swap(kept.threads);
  rows_.swap(kept.rows);
  names_.swap(kept.names);
  on_its_way_.clear();
  // Fronts may repeat their requests; a model does not write its text again.
  for (const auto& [id, lost] : kept.threads) {
    ThreadTruth& known = thread(id);
    known.words_may_repeat = true;
    for (const auto& [run, said] : lost.said) {
      if (said.may_overtake) known.said[run].may_overtake = true;
    }
  }
  return std::move(kept.threads);
}

bool Records::bytes_gone(const Kv& kv, const ThreadName& id) const {
  return std::ranges::none_of(whole_log(kv), [&](const KvRow& row) {
    const auto name = names_.find(number_in(row.first));
    return name != names_.end() && name->second == id;
  });
}

void SpiedLog::append(Append append, Done<Result<CommitNumber>> done) {
  if (append.expected != Timestamp() && intrudes_()) {
    intrude(append);  // so this one must not get to the disk
  } else {
    records_.handed_over(append.thread, append.entry);
  }
  log_.append(std::move(append), std::move(done));
}

// Another server's entry takes the place for which this one was made.
void SpiedLog::intrude(const Append& append) {
  ++records_.counts["conflict"];
  Entry entry;
  entry.at = Timestamp(append.expected.get() + 1);
  entry.previous = append.expected;
  entry.events.emplace_back(ThreadUpdated{"another server was here", {}, {}});
  auto shared = std::make_shared<const Entry>(entry);
  records_.handed_over(append.thread, shared);
  log_.append({.thread = append.thread,
               .expected = append.expected,
               .entry = shared,
               .bytes = encode(entry, ThreadState()),
               .rows = {}},
              [](const Result<CommitNumber>&) {});
}

}  // namespace lockstep::test
