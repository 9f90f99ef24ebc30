// SPDX-License-Identifier: Apache-2.0
#include "tests/rocks/power_cuts.h"

#include <map>
#include <memory>

#include "engine/rocks/kv_log.h"
#include "engine/rocks/rocks_kv.h"
#include "engine/rocks/verify_log.h"
#include "tests/rocks/power_cut_files.h"
#include "tests/rocks/step_executor.h"

namespace lockstep {
namespace {

constexpr std::uint64_t thread_count = 6;
constexpr std::uint64_t rounds_max = 60;
constexpr std::uint64_t group_max = 12;
constexpr std::uint64_t operations_max = 300;

struct Wanted {
  Timestamp at;
  std::string bytes;
};

// The appends to one thread, in order, and how many of them were acknowledged.
struct Asked {
  std::vector<Wanted> entries;
  std::size_t reported = 0;
};

// A process: all that dies with the power.
class Process {
 public:
  Process(PowerCutDisk& disk, rocksdb::Env& env, FixedRandom& random)
      : witness_(disk), random_(random) {
    auto opened = open({.block_cache_bytes = 1 << 20, .write_buffer_bytes = 64 << 10, .env = &env});
    if (!opened) refusal_ = opened.error().code + ": " + opened.error().detail;
  }

  [[nodiscard]] bool runs() const { return log_ != nullptr; }
  [[nodiscard]] const std::string& refusal() const { return refusal_; }
  [[nodiscard]] KvLog& log() { return *log_; }
  [[nodiscard]] Kv& kv() { return *kv_; }
  [[nodiscard]] StepExecutor& executor() { return executor_; }

 private:
  Result<void> open(const RocksOptions& options) {
    auto kv = RocksKv::open("/store/rocks", options, fail_stop_);
    if (!kv) return std::unexpected(kv.error());
    kv_ = std::move(*kv);
    auto log = KvLog::open({.kv = *kv_,
                            .witness = witness_,
                            .fail_stop = fail_stop_,
                            .executor = executor_,
                            .random = random_});
    if (!log) return std::unexpected(log.error());
    log_ = std::move(*log);
    return {};
  }

  StepExecutor executor_;
  FailStop fail_stop_{[](const std::string&) {}};
  PowerCutWitness witness_;
  FixedRandom& random_;
  std::unique_ptr<RocksKv> kv_;
  std::unique_ptr<KvLog> log_;
  std::string refusal_;
};

class Story {
 public:
  Story(PowerCutFindings& findings, FixedRandom& random)
      : findings_(findings), random_(random), env_(power_cut_files(disk_)) {
    disk_.make_folder("/store");
    disk_.make_folder("/store/rocks");
  }

  void cycle() {
    ++findings_.cycles;
    disk_.cut_at(1 + random_.below(operations_max));
    {
      Process process(disk_, *env_, random_);
      if (process.runs()) {
        work(process);
        if (disk_.is_off()) ++findings_.cuts_while_committing;
      } else if (disk_.is_off()) {
        ++findings_.cuts_while_opening;
      } else {
        lose("refused to open: " + process.refusal());
      }
      disk_.cut();
    }
    disk_.power_on(random_,
                   random_.below(2) == 0 ? PowerCutDisk::Tear::no : PowerCutDisk::Tear::yes);
    Process process(disk_, *env_, random_);
    if (process.refusal().contains("were acknowledged and are missing"))
      ++findings_.refused_by_witness;
    if (!process.runs()) return lose("refused to open: " + process.refusal());
    compare(process);
  }

 private:
  void work(Process& process) {
    process.log().follow([this](std::span<const Committed> committed) {
      for (const Committed& entry : committed) {
        ++asked_[entry.thread].reported;
        ++findings_.reported;
      }
    });
    for (std::uint64_t round = 0; round < rounds_max && !disk_.is_off(); ++round) {
      for (std::uint64_t left = 1 + random_.below(group_max); left > 0; --left) append(process);
      while (process.log().committer().run_once()) {
      }
      process.executor().run();
      if (random_.below(8) == 0) process.log().committer().sync_witness();
    }
  }

  void append(Process& process) {
    ThreadNumber thread(1 + random_.below(thread_count));
    Asked& asked = asked_[thread];
    Timestamp end = asked.entries.empty() ? Timestamp() : asked.entries.back().at;
    auto entry = std::make_shared<Entry>();
    entry->at = Timestamp(end.get() + 1 + random_.below(1000));
    std::string bytes(random_.below(2000), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random_.next());
    asked.entries.push_back({entry->at, bytes});
    std::string name = std::to_string(thread.get());
    RowWrite row{Table::threads, name, std::to_string(entry->at.get()), RowWrite::Stamp::none};
    process.log().append({.thread = thread,
                          .expected = end,
                          .entry = std::move(entry),
                          .bytes = std::move(bytes),
                          .rows = {std::move(row)}},
                         [](Result<CommitNumber>) {});
  }

  void compare(Process& process) {
    for (auto& [thread, asked] : asked_) compare(process, thread, asked);
    auto verified = verify_log(process.kv(), {});
    if (!verified) return lose("can't be verified: " + verified.error().detail);
    for (const LogProblem& problem : verified->problems) lose("verify: " + problem.what);
  }

  void compare(Process& process, ThreadNumber thread, Asked& asked) {
    std::string name = "thread " + std::to_string(thread.get());
    auto entries = process.log().read(thread, Timestamp(), ~0U, ~std::size_t{0});
    if (!entries) return lose(name + ": " + entries.error().detail);
    if (entries->size() < asked.reported) {
      findings_.missing += asked.reported - entries->size();
      lose(name + ": " + std::to_string(asked.reported - entries->size()) + " of " +
           std::to_string(asked.reported) + " reported entries are missing");
    }
    if (entries->size() > asked.entries.size()) return lose(name + " has entries nobody wrote");
    for (std::size_t i = 0; i < entries->size(); ++i) {
      bool same =
          (*entries)[i].at == asked.entries[i].at && (*entries)[i].bytes == asked.entries[i].bytes;
      if (!same) return lose(name + ": entry " + std::to_string(i) + " is another");
    }
    auto row = process.log().get(Table::threads, std::to_string(thread.get()));
    std::string end = entries->empty() ? "" : std::to_string(entries->back().at.get());
    if (!row || row->value_or("") != end) lose(name + ": its row is not of its last entry");
    if (entries->size() > asked.reported) {
      findings_.survived_unreported += entries->size() - asked.reported;
    }
    // From here on the entries that the next process reports are the truth.
    asked.entries.resize(entries->size());
    asked.reported = entries->size();
  }

  void lose(std::string what) {
    findings_.losses.push_back("cycle " + std::to_string(findings_.cycles) + ": " +
                               std::move(what));
  }

  PowerCutFindings& findings_;
  FixedRandom& random_;
  PowerCutDisk disk_;
  std::unique_ptr<rocksdb::Env> env_;
  std::map<ThreadNumber, Asked> asked_;
};

}  // namespace

PowerCutFindings lose_power(std::uint64_t cycles, std::uint64_t cycles_per_store,
                            std::uint64_t seed) {
  PowerCutFindings findings;
  FixedRandom random(seed);
  std::unique_ptr<Story> story;
  for (std::uint64_t cycle = 0; cycle < cycles; ++cycle) {
    std::size_t before = findings.losses.size();
    if (cycle % cycles_per_store == 0 || story == nullptr) {
      story = std::make_unique<Story>(findings, random);
    }
    story->cycle();
    // After a loss the story is another one.
    if (findings.losses.size() > before) story.reset();
  }
  return findings;
}

}  // namespace lockstep
