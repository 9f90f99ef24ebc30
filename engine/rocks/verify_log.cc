// SPDX-License-Identifier: Apache-2.0
#include "engine/rocks/verify_log.h"

#include <utility>

#include "engine/base/codes.h"
#include "engine/base/must.h"
#include "engine/base/try.h"
#include "engine/rocks/limits.h"

namespace lockstep {
namespace {

class Walk {
 public:
  Walk(const LogVisitor& visitor, const LogTail& tail) : visitor_(visitor) {
    result_.last = tail.last;
    result_.without = tail.without;
    // Grows to the greatest number that an entry has, so a wrong tail costs no memory.
    seen_.resize(1);
  }

  void row(const KvRow& row) {
    auto key = decode_key(row.first);
    if (!key) return problem({}, "a key has a wrong length");
    if (key->thread != thread_) {
      thread_ = key->thread;
      last_ = Timestamp();
      ++result_.threads;
    }
    auto value = decode_value(*key, row.second);
    Timestamp before = std::exchange(last_, key->at);
    if (!value) return problem(*key, "the entry is damaged");
    // A running server has written it after this walk began.
    if (value->commit > result_.last) return;
    ++result_.entries;
    result_.bytes += value->body.size();
    if (value->previous != before) problem(*key, "the entry before it is missing");
    number(*key, value->commit);
    look(*key, *value);
  }

  LogVerification finish() {
    std::uint64_t missing = 0;
    std::uint64_t first = 0;
    for (std::uint64_t number = 1; number <= result_.last.get(); ++number) {
      if (number < seen_.size() && seen_[number]) continue;
      ++missing;
      if (first == 0) first = number;
    }
    if (missing != result_.without) {
      problem({}, std::to_string(missing) + " commit numbers have no entry, the first of them " +
                      std::to_string(first) + "; by the log's tail it should be " +
                      std::to_string(result_.without));
    }
    return std::move(result_);
  }

  [[nodiscard]] std::uint64_t entries() const { return result_.entries; }

  void problem(LogKey where, std::string what) {
    if (result_.problems.size() < limits::problems_max) {
      result_.problems.push_back({where, std::move(what)});
    } else {
      result_.more_problems = true;
    }
  }

 private:
  void number(LogKey key, CommitNumber commit) {
    MUST(commit <= result_.last);  // `seen_` grows no further than the tail
    std::uint64_t number = commit.get();
    if (number == 0) return problem(key, "the entry has no commit number");
    if (number >= seen_.size()) seen_.resize(number + 1);
    if (seen_[number]) {
      problem(key, "commit number " + std::to_string(number) + " was given twice");
    }
    seen_[number] = true;
  }

  void look(LogKey key, const LogValue& value) {
    if (!visitor_.entry) return;
    auto wrong =
        visitor_.entry(key.thread, {key.at, value.commit, std::string(value.body)}, value.previous);
    if (wrong) problem(key, std::move(*wrong));
  }

  const LogVisitor& visitor_;
  LogVerification result_;
  std::vector<bool> seen_;
  ThreadNumber thread_;
  Timestamp last_;
};

// The thread of the key, or of its first 8 bytes.
ThreadNumber thread_at(std::string_view key) {
  return ThreadNumber(decode_number(key.substr(0, encode_number(0).size())).value_or(0));
}

}  // namespace

Result<LogVerification> verify_log(const Kv& kv, const LogVisitor& visitor) {
  TRY_LET(bytes, kv.get(KvTable::meta, tail_key));
  auto tail = bytes ? decode_tail(*bytes) : std::nullopt;
  if (!tail)
    return fail(Kind::corrupt, codes::corrupt, "the log's tail record is missing or damaged");
  Walk walk(visitor, *tail);
  KvRange range{.table = KvTable::log,
                .begin = {},
                .end = {},
                .rows_max = limits::walk_rows_max,
                .bytes_max = limits::walk_bytes_max};
  std::size_t unreadable = 0;  // threads in a row
  while (true) {
    auto rows = kv.scan(range);
    if (!rows && rows.error().kind != Kind::corrupt) return std::unexpected(rows.error());
    if (!rows && range.rows_max > 1) {
      range.rows_max = 1;  // row by row, to know how far it goes
      continue;
    }
    if (!rows) {
      const ThreadNumber thread = thread_at(range.begin);
      walk.problem({thread, {}}, "its entries can't be read: " + rows.error().detail);
      if (++unreadable > limits::problems_max) return walk.finish();
      // Behind a damaged block nothing of this thread can be trusted; the next may be whole.
      range.begin = thread_begin(ThreadNumber(thread.get() + 1));
      continue;
    }
    if (rows->empty()) return walk.finish();
    unreadable = 0;
    for (const KvRow& row : *rows) walk.row(row);
    if (visitor.progress) visitor.progress(walk.entries());
    range.begin = rows->back().first + '\0';
    if (walk.entries() % limits::walk_rows_max == 0) range.rows_max = limits::walk_rows_max;
  }
}

}  // namespace lockstep
