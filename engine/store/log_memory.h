// SPDX-License-Identifier: Apache-2.0
// log_memory.h: the simplest correct log, with its store.
//
// Two maps and an executor. Appends and writes wait for the executor's next step, which makes them
// true and reports them together, so that a test sees groups as from a disk. It is the reference
// for the contract of every log (tests/log_contract.h). Nothing survives the object.
//
// Lives on: the engine strand.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/base/executor.h"
#include "engine/store/log.h"
#include "engine/store/store.h"

namespace lockstep {

class LogMemory : public Log, public Store {
 public:
  // Starts with the epoch in `meta` (epochs.h).
  LogMemory(Executor& executor, Epoch epoch);
  ~LogMemory() override;

  void append(Append append, Done<Result<CommitNumber>> done) override;
  [[nodiscard]] Result<std::vector<StoredEntry>> read(ThreadNumber thread, Timestamp after,
                                                      std::uint32_t entries_max,
                                                      std::size_t bytes_max) const override;
  void follow(OnCommit on_commit) override;
  [[nodiscard]] CommitNumber last_commit() const override { return last_; }
  void write(std::vector<RowWrite> rows, std::vector<ThreadNumber> erase,
             Done<Result<void>> done) override;

  [[nodiscard]] Result<std::optional<std::string>> get(Table table,
                                                       std::string_view key) const override;
  [[nodiscard]] Result<std::vector<std::pair<std::string, std::string>>> scan(
      const Scan& scan) const override;

 private:
  using Rows = std::map<std::string, std::string, std::less<>>;
  struct Waiting {
    std::vector<std::variant<std::pair<Append, Done<Result<CommitNumber>>>,
                             std::move_only_function<void()>>>
        jobs;
    bool closed = false;
  };

  void wait_for_step();
  void step();
  [[nodiscard]] Result<CommitNumber> commit(Append& append);
  void put(std::vector<RowWrite> rows);
  void erase(ThreadNumber thread);

  Executor& executor_;
  OnCommit on_commit_;
  CommitNumber last_;
  std::map<ThreadNumber, std::map<Timestamp, StoredEntry>> threads_;
  std::array<Rows, table_count> tables_;
  std::shared_ptr<Waiting> waiting_;
};

}  // namespace lockstep
