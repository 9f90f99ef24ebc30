// SPDX-License-Identifier: Apache-2.0
// Runs the contract suite on every log.
#include "tests/log_contract.h"

#include "engine/rocks/kv_log.h"
#include "engine/rocks/rocks_log.h"
#include "engine/store/log_memory.h"
#include "tests/rocks/fixed_random.h"
#include "tests/rocks/temp_folder.h"
#include "tests/sim/sim_kv.h"

namespace lockstep {
namespace {

class MemoryBed : public LogBed {
 public:
  Log& log() override { return log_; }
  Store& store() override { return log_; }
  void commit() override {}
  bool reopen() override { return false; }

 private:
  LogMemory log_{executor, Epoch(7)};
};

class SimBed : public LogBed {
 public:
  SimBed() { MUST(reopen()); }
  Log& log() override { return *log_; }
  Store& store() override { return *log_; }
  void commit() override {
    while (log_->committer().run_once()) {
    }
  }
  bool reopen() override {
    log_.reset();
    disk_.power_cut(0, false);
    auto opened = KvLog::open({.kv = kv_,
                               .witness = witness_,
                               .fail_stop = fail_stop_,
                               .executor = executor,
                               .random = random_});
    if (opened) log_ = std::move(*opened);
    return opened.has_value();
  }

 private:
  sim::SimDisk disk_;
  sim::SimKv kv_{disk_};
  sim::SimWitness witness_{disk_};
  FailStop fail_stop_{[](const std::string&) { MUST(!"the disk is well"); }};
  FixedRandom random_{1};
  std::unique_ptr<KvLog> log_;
};

class RocksBed : public LogBed {
 public:
  RocksBed() { MUST(reopen()); }
  Log& log() override { return rocks_->log(); }
  Store& store() override { return rocks_->log(); }
  void commit() override {}
  bool reopen() override {
    rocks_.reset();
    auto opened = RocksLog::open(
        folder_.path(),
        {.executor = executor, .random = random_, .options = {.write_buffer_bytes = 1 << 20}},
        [](const std::string&) { MUST(!"the disk is well"); });
    if (opened) rocks_ = std::move(*opened);
    return opened.has_value();
  }

 private:
  TempFolder folder_;
  FixedRandom random_{1};
  std::unique_ptr<RocksLog> rocks_;
};

template <class Bed>
std::unique_ptr<LogBed> make() {
  return std::make_unique<Bed>();
}

INSTANTIATE_TEST_SUITE_P(Logs, LogContract,
                         testing::Values(LogKind{"Memory", make<MemoryBed>},
                                         LogKind{"SimulatedDisk", make<SimBed>},
                                         LogKind{"Rocks", make<RocksBed>}),
                         [](const auto& kind) { return kind.param.name; });

}  // namespace
}  // namespace lockstep
