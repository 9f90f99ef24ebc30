// SPDX-License-Identifier: Apache-2.0
// serve.cc: the composition root: the function `serve` builds the server from its parts.
//
// It builds every part in order and passes in its dependencies; at the end it destroys them in the
// reverse order. All parts live on one strand, the loop that this thread runs, except for two
// threads: the committer inside `RocksLog`, and the background thread for long work.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdlib>
#include <span>
#include <utility>

#include "engine/base/codes.h"
#include "engine/rocks/rocks_log.h"
#include "schema/json/json_reader.h"
#include "server/base/asio_executor.h"
#include "server/base/auth.h"
#include "server/base/config.h"
#include "server/base/heap.h"
#include "server/base/log_line.h"
#include "server/base/printable.h"
#include "server/base/usage_json.h"
#include "server/control.h"
#include "server/inference/live_agents.h"
#include "server/inference/settings.h"
#include "server/run_driver.h"
#include "server/server.h"
#include "tools/base/hang_ups.h"
#include "tools/base/system.h"
#include "tools/base/version.h"
#include "tools/store/access.h"
#include "tools/store/crash_mark_file.h"
#include "tools/store/upgrade_told.h"
#include "tools/verbs/access_told.h"
#include "tools/verbs/agent_slots.h"
#include "tools/verbs/backup.h"
#include "tools/verbs/blob_disk.h"
#include "tools/verbs/check_config.h"
#include "tools/verbs/configured_agents.h"
#include "tools/verbs/damage_told.h"
#include "tools/verbs/live_settings.h"
#include "tools/verbs/verbs.h"

namespace lockstep {
namespace {

namespace asio = boost::asio;

std::optional<std::string> from_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value ? std::optional<std::string>(value) : std::nullopt;
}

Result<Auth> open_auth(const Config& config) {
  if (config.tokens.empty()) return Auth();
  return Auth::open(config.tokens);
}

// Runs the loop until a task in it sets `flag`. Requires: the loop has a work guard.
void run_until(asio::io_context& context, const bool& flag) {
  while (!flag) context.run_one();
}

// Runs `work` on the strand, and waits for its end.
template <class Work>
void on_strand(asio::io_context& context, Work work) {
  bool done = false;
  asio::post(context, [&] {
    work();
    done = true;
  });
  run_until(context, done);
}

std::size_t variable_count() {
  std::size_t count = 0;
  while (environ[count] != nullptr) ++count;
  return count;
}

// The parts that take requests from outside.
struct Serving {
  std::unique_ptr<Server> server;
  std::unique_ptr<Control> control;  // null: its socket could not be opened
};

// The first signal stops the server gracefully, a second one at once. Acknowledged changes are
// durable already, so the second signal does not lose them either.
void stop_on_signal(asio::signal_set& signals, Serving& serving, LineLog& log, bool& stopped) {
  signals.async_wait([&](const boost::system::error_code& error, int signal) {
    if (error) return;
    log.info("signal", {{"number", signal}});
    signals.async_wait([](const boost::system::error_code& again, int second) {
      if (!again) _exit(128 + second);
    });
    if (serving.control) serving.control->stop();
    serving.server->stop([&stopped] { stopped = true; });
  });
}

// Calls `ready` once a signal stops the server gracefully.
void run_to_the_end(asio::io_context& context, Serving& serving, LineLog& log,
                    const std::function<void()>& ready) {
  asio::signal_set signals(context, SIGINT, SIGTERM);
  bool stopped = false;
  stop_on_signal(signals, serving, log, stopped);
  ready();
  run_until(context, stopped);
}

FailStop::Action fail_stop(LineLog& log) {
  return [&log](const std::string& reason) {
    log.error("storage_failed", {{"reason", reason}, {"next", "check the disk, then start again"}});
    _exit(static_cast<int>(ExitCode::store));
  };
}

UpgradeTold tell_upgrade(LineLog& log) {
  return [&log](const UpgradeProgress& progress) {
    log.info(progress.done ? "upgraded" : "upgrading", {{"what", upgrade_line(progress)}});
  };
}

// The engine is ready when it takes requests; it ends the runs that a crash left open after that.
Result<std::unique_ptr<Engine>> open_engine(asio::io_context& context, Engine::Parts parts,
                                            RunDriver& driver, WorkerRuns& workers) {
  driver.hand_outside_runs_to(workers);
  parts.read_usage = read_usage;
  Result<std::unique_ptr<Engine>> engine;
  Result<void> recovered;
  bool ready = false;
  on_strand(context, [&] {
    engine = Engine::open(parts, driver, [&](Result<void> result) {
      recovered = std::move(result);
      ready = true;
    });
    if (engine) connect(driver, workers, **engine);
  });
  if (!engine) return engine;
  run_until(context, ready);
  if (!recovered) return std::unexpected(recovered.error());
  return engine;
}

// If the control socket can't be opened, the server still runs; backups then need a stopped server.
std::unique_ptr<Control> open_control(asio::io_context& context, RocksLog& rocks,
                                      const Config& config, LineLog& log) {
  auto control = Control::open(
      {.context = context,
       .log = log,
       .make_backup =
           [&rocks, &log, &config, sharing = sharing_of(config)](
               const BackupOrder& order, std::stop_token stop, ControlParts::Progress progress) {
             const auto correct = [&] {
               say_what_was_corrected(correct_backups(order.to, sharing), order.to, log);
             };
             return back_up(config.data, rocks.kv(),
                            {.to = order.to,
                             .keep = order.keep,
                             .stop = std::move(stop),
                             .accepted = correct,
                             .progress = std::move(progress)});
           }},
      Control::path_in(config.data));
  if (control) return std::move(*control);
  log.error("no_control",
            {{"why", control.error().detail},
             {"next", "mend this and start again; until then stop the server for a backup"}});
  return nullptr;
}

Result<Serving> open_serving(const ServerParts& parts, const Config& config, RocksLog& rocks) {
  Result<Serving> serving;
  on_strand(parts.context, [&] {
    auto server = Server::open(parts, {config.host, config.port, config.origins, config.rate});
    if (server) {
      serving = Serving{std::move(*server), open_control(parts.context, rocks, config, parts.log)};
    } else {
      serving = std::unexpected(server.error());
    }
  });
  return serving;
}

// The database gets a quarter of the memory. Half of that is its cache of blocks, a quarter the
// write buffers, and the last quarter holds the former write buffers while they are written to a
// table.
RocksOptions store_options(std::size_t memory_bytes) {
  const std::size_t share = memory_bytes / limits::memory_share;
  return {.block_cache_bytes = share / 2,
          .write_buffer_bytes = std::min(share / 4, limits::write_buffer_bytes),
          .memtables_bytes = share / 4};
}

void say_what_was_found(RocksLog& rocks, const std::string& data, LineLog& log) {
  const OpenReport& report = rocks.log().report();
  log.info(report.created ? "store_made" : "store_opened",
           {{"data", data},
            {"commits", report.last.get()},
            {"marked",
             report.witness ? LineLog::Value(report.witness->get()) : LineLog::Value("unknown")},
            {"dropped_bytes", report.dropped_bytes}});
  if (rocks.kv().compacts()) return;
  log.error(
      "compaction_off",
      {{"why", "a table is damaged: the file rocks/COMPACTION.off names it"},
       {"next", "run `lockstep verify`, which names the repair; the rest is served meanwhile"}});
}

// Warns of settings that have no effect, and of rights that the server does not need.
void warn_of_settings(const Config& config, LineLog& log) {
  for (const std::string& origin : config.useless_origins) {
    log.error("useless_origin",
              {{"origin", origin}, {"next", "write scheme://host or scheme://host:port"}});
  }
  const std::span<const char* const> variables(environ, variable_count());
  for (const std::string& name : unknown_variables(variables)) {
    log.error("unknown_variable",
              {{"name", name}, {"next", "`lockstep serve --help` lists the settings"}});
  }
  if (::geteuid() == 0) {
    log.error("runs_as_root",
              {{"next", "run the server as a user of its own: it needs no rights of root"}});
  }
}

// Each connection needs a file descriptor, and so does each table of the store.
void raise_file_limit(LineLog& log) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max) return;
  const rlim_t former = std::exchange(limit.rlim_cur, limit.rlim_max);
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  log.debug("files_raised", {{"from", former}, {"to", limit.rlim_max}});
}

void say_where(const Config& config, const Server& server, Terminal& terminal) {
  std::string agents;
  for (const AgentTable& agent : config.agents) agents += (agents.empty() ? "" : ", ") + agent.name;
  if (agents.empty()) agents = "default (demo)";
  const bool six = config.host.find(':') != std::string::npos;
  terminal.print(std::string("lockstep ") + version() + " listening on http://" +
                 (six ? "[" + config.host + "]" : config.host) + ":" +
                 std::to_string(server.port()) + " (data in " + printable(config.data) +
                 ", agents: " + printable(agents) + ")\n");
  if (config.tokens.empty()) {
    terminal.print(
        "no token file: the server serves only this machine, and everyone on it is the user "
        "`local`; `lockstep token create` makes a token file\n");
  }
  terminal.flush();
}

Trouble settings_trouble(const Error& error) {
  Trouble trouble{ExitCode::usage, error.detail, "`lockstep serve --help` lists the settings."};
  if (error.code == codes::token_file_closed) {
    trouble.advice = "Let the user that this runs as read it: `ls -l` shows its owner and mode.";
  } else if (error.code == codes::no_token_file || error.code == codes::open_to_all) {
    trouble.advice = advice_on_no_token_file;
  } else if (error.code == codes::unavailable) {
    trouble.advice =
        "If another server listens there, stop it, or choose another address: --listen HOST:PORT.";
  }
  return trouble;
}

Result<std::unique_ptr<RocksLog>> open_rocks(const Config& config, RocksLog::Parts parts,
                                             LineLog& log) {
  parts.options = store_options(config.memory_bytes_max);
  auto rocks = RocksLog::open(config.data, std::move(parts), fail_stop(log));
  if (rocks) say_what_was_found(**rocks, config.data, log);
  return rocks;
}

void prepare_process(const Config& config, LineLog& log) {
  bound_heap();
  warn_of_settings(config, log);
  raise_file_limit(log);
  share(sharing_of(config));
}

void say_what_is_mended(const Metrics& metrics, LineLog& log) {
  if (metrics.threads_to_mend > 0) log.info("mending", {{"threads", metrics.threads_to_mend}});
}

// Everything that is read before a store is opened.
struct FirstRead {
  ConfigSources sources;
  Config config;
  FileStamp tokens;  // the file before `auth` was read from it
  Auth auth;
};

// NOLINTNEXTLINE(readability-function-size): all parts of the process, in the order of their lives
ExitCode serve(FirstRead& read, Terminal& terminal) {
  const Config& config = read.config;
  LineLog log(config.log_level, config.log_style);
  prepare_process(config, log);
  SystemClock clock;
  SystemRandom random;
  MemoryAccount memory(config.memory_bytes_max);
  const Charge store(&memory, MemoryKind::store, config.memory_bytes_max / limits::memory_share);
  asio::io_context context(1);
  // Without this guard the loop would end for good as soon as it has no work.
  const auto work = asio::make_work_guard(context);
  AsioExecutor executor(context);
  Background background(context);
  Metrics metrics;
  auto agent_set = open_agents(config, {context.get_executor(), random, clock, log});
  if (!agent_set) return terminal.fail(settings_trouble(agent_set.error()));
  LiveAgents agents(std::move(*agent_set));
  auto rocks =
      open_rocks(config, {executor, random, {}, now_and_then(clock, tell_upgrade(log))}, log);
  if (!rocks) return terminal.fail(trouble_of_opening(rocks.error(), config.data));
  auto blob_files =
      BlobFiles::open(config.data, BlobFiles::Mode::write, clock, config.blob_bytes_per_user);
  if (!blob_files) return terminal.fail(trouble_of_opening(blob_files.error(), config.data));
  BlobDisk blobs(std::move(*blob_files), context, memory);
  auto crash_mark = CrashMarkFile::open(config.data);
  if (!crash_mark) return terminal.fail(trouble_of_opening(crash_mark.error(), config.data));
  correct_access(config, log);

  RunDriver driver(finder_of(agents), executor, log, &memory, limits_of(agents),
                   fallbacks_of(agents));
  driver.compose_with(blobs.composer());
  driver.keep_files_in(blobs.door());
  WorkerRuns workers(worker_parts(agents, {executor, clock, random, log, memory}));
  auto engine = open_engine(context,
                            {.log = (*rocks)->log(),
                             .store = (*rocks)->log(),
                             .clock = clock,
                             .random = random,
                             .executor = executor,
                             .agents = agents,
                             .is_json_object = is_json_object,
                             .metrics = metrics,
                             .crash_mark = crash_mark->get(),
                             .memory = &memory,
                             .offload = &background,
                             .tell_damage = tell_damage(log),
                             .blobs = &blobs.files(),
                             .blob_offload = &blobs.uploads()},
                            driver, workers);
  say_what_is_mended(metrics, log);
  if (!engine) return terminal.fail(trouble_of(engine.error(), config.data));
  ServerParts parts{context, **engine, read.auth,       metrics, random,          background,
                    log,     {},       embedded_page(), &memory, &(*rocks)->log()};
  parts.blobs = blobs.for_front();
  parts.composer = &blobs.composer();
  auto serving = open_serving(with_agents(parts, agents, driver, workers), config, **rocks);
  if (!serving) return terminal.fail(settings_trouble(serving.error()));
  auto live = std::make_unique<LiveSettings>(
      LiveSettings::Parts{context, executor, read.sources, config.tokens, read.auth, agents, random,
                          clock, log, [&serving] { serving->server->tokens_changed(); },
                          [&driver, &workers] {
                            driver.limits_changed();
                            workers.settings_changed();
                          }},
      read.tokens);
  run_to_the_end(context, *serving, log, [&] { say_where(config, *serving->server, terminal); });
  log.info("stopped", {{"commits", (*rocks)->log().last_commit().get()}});
  on_strand(context, [&] {
    live.reset();
    *serving = {};
    disconnect(driver, workers);
    engine->reset();
  });
  return ExitCode::ok;
}

}  // namespace

ExitCode run(const ServeOptions& options, Terminal& terminal) {
  const std::string file =
      options.config.empty() ? from_environment("LOCKSTEP_CONFIG").value_or("") : options.config;
  ConfigSources sources{options.flags, from_environment, file};
  if (options.check_config) return check_config(sources, terminal);
  auto config = load_config(sources);
  if (!config) return terminal.fail(settings_trouble(config.error()));
  if (config->data.empty()) {
    return terminal.fail({ExitCode::usage, "--data is missing: serve needs the folder of the store",
                          "Add --data DIR; serve makes the folder if it is missing."});
  }
  const FileStamp tokens(config->tokens);
  auto auth = open_auth(*config);
  if (!auth) return terminal.fail(settings_trouble(auth.error()));
  // Checked before a store is made: a refused address must not leave a folder.
  const auto host = Server::check_host(*auth, config->host);
  if (!host) return terminal.fail(settings_trouble(host.error()));
  FirstRead read{std::move(sources), std::move(*config), tokens, std::move(*auth)};
  return serve(read, terminal);
}

}  // namespace lockstep
