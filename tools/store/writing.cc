// SPDX-License-Identifier: Apache-2.0
#include "tools/store/writing.h"

#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>

#include "engine/base/must.h"
#include "engine/base/try.h"
#include "engine/rocks/folder_access.h"
#include "engine/rocks/rocks_log.h"
#include "schema/json/json_reader.h"
#include "server/base/asio_executor.h"
#include "server/base/printable.h"
#include "server/base/usage_json.h"
#include "server/inference/settings.h"
#include "tools/store/access.h"
#include "tools/store/upgrade_told.h"

namespace lockstep {
namespace {

// The state of the disk is unknown, so the process ends without another write, also of a
// destructor.
void stop_at_once(const std::string& reason) {
  std::fprintf(
      stderr,
      "lockstep: the disk failed: %s\n  Check the disk, then run the command again: the store "
      "recovers all that it had stored.\n",
      printable(reason).c_str());
  _exit(static_cast<int>(ExitCode::store));
}

void note_upgrade(const UpgradeProgress& progress) {
  std::fprintf(stderr, "lockstep: %s\n", upgrade_line(progress).c_str());
}

}  // namespace

// A loop that runs only while a caller waits.
struct StoreWriter::Strand final : Executor {
  void post(Task task) override { inner.post(std::move(task)); }
  void post_after(std::chrono::microseconds delay, Task task) override {
    inner.post_after(delay, std::move(task));
  }
  // The process has only this thread, so it is always the right one.
  [[nodiscard]] bool runs_here() const override { return true; }

  boost::asio::io_context loop{1};
  // Without this guard the loop would end for good as soon as it has no work.
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
      loop.get_executor()};
  AsioExecutor inner{loop};
};

StoreWriter::StoreWriter() : strand_(std::make_unique<Strand>()) {}
StoreWriter::~StoreWriter() = default;

Result<std::unique_ptr<StoreWriter>> StoreWriter::open(const std::string& data, Missing missing,
                                                       bool rebuilds) {
  TRY(check_access(data, store_names, Use::write));
  if (missing == Missing::fail) {
    TRY(store_folder::check_is_there(data));
  }
  share(sharing_of(data));
  std::unique_ptr<StoreWriter> writer(new StoreWriter());
  TRY_LET(rocks, RocksLog::open(data,
                                {.executor = *writer->strand_,
                                 .random = writer->random_,
                                 .options = {},
                                 .told = now_and_then(writer->clock_, note_upgrade),
                                 .rebuilds = rebuilds},
                                stop_at_once));
  writer->rocks_ = std::move(rocks);
  return writer;
}

Log& StoreWriter::log() { return rocks_->log(); }
Store& StoreWriter::store() { return rocks_->log(); }
const Kv& StoreWriter::kv() { return rocks_->kv(); }
const RocksKv& StoreWriter::rocks_kv() { return rocks_->kv(); }
Executor& StoreWriter::executor() { return *strand_; }

void StoreWriter::run_one() { strand_->loop.run_one(); }

void StoreWriter::wait_for(const bool& flag) {
  while (!flag) run_one();
}

Result<void> StoreWriter::write(std::vector<RowWrite> rows) {
  bool done = false;
  Result<void> result;
  rocks_->log().write(std::move(rows), {}, [&](Result<void> written) {
    result = std::move(written);
    done = true;
  });
  wait_for(done);
  return result;
}

struct OfflineEngine::NoAgents final : Agents {
  [[nodiscard]] std::optional<AgentSettings> settings(const AgentName&,
                                                      const std::optional<Json>&) const override {
    return {};
  }
  [[nodiscard]] std::optional<std::chrono::microseconds> outlives(const AgentName&,
                                                                  std::string_view) const override {
    return {};
  }
};

struct OfflineEngine::NoHost final : RunHost {
  void started(const AgentName&, Context, std::uint32_t) override {
    MUST(false && "no agent, so no run starts");
  }
  void ended(const ThreadName&, const Run&) override {}
};

OfflineEngine::OfflineEngine()
    : agents_(std::make_unique<NoAgents>()), host_(std::make_unique<NoHost>()) {}
OfflineEngine::~OfflineEngine() = default;

Result<std::unique_ptr<OfflineEngine>> OfflineEngine::open(StoreWriter& writer) {
  std::unique_ptr<OfflineEngine> offline(new OfflineEngine());
  bool done = false;
  Result<void> ready;
  auto engine = Engine::open({.log = writer.log(),
                              .store = writer.store(),
                              .clock = writer.clock(),
                              .random = writer.random(),
                              .executor = writer.executor(),
                              .agents = *offline->agents_,
                              .is_json_object = is_json_object,
                              .metrics = offline->metrics_,
                              .read_usage = read_usage},
                             *offline->host_, [&](Result<void> result) {
                               ready = std::move(result);
                               done = true;
                             });
  if (!engine) return std::unexpected(engine.error());
  offline->engine_ = std::move(*engine);
  writer.wait_for(done);
  if (!ready) return std::unexpected(ready.error());
  while (offline->metrics_.threads_to_mend > 0) writer.run_one();
  return offline;
}

}  // namespace lockstep
