// SPDX-License-Identifier: Apache-2.0
// verbs.h: the verbs of the one binary.
//
// A verb is a struct of its options and a function that runs it and returns the exit code. args.cc
// fills in the options; only that file knows the command line. The reading verbs open the store
// read-only, so they work next to a running server. `import` and `rebuild` need the store for
// themselves. `backup` asks the server, if one has the store open.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/base/ids.h"
#include "tools/base/terminal.h"

namespace lockstep {

// A setting without a flag comes from the environment, else from the configuration file
// (server/base/config.h).
struct ServeOptions {
  std::vector<std::pair<std::string, std::string>> flags;  // settings by name
  std::string config;                                      // the file
  bool check_config = false;                               // only explain the settings
};

struct ShowOptions {
  std::string data;
  bool json = false;
  std::optional<ThreadId> thread;  // empty: the list of threads
  std::optional<UserId> user;      // empty: the only user with a thread of this id
  std::optional<MessageId> message;
  std::optional<Timestamp> at;
  bool events = false;
};

struct ReplayOptions {
  std::string data;
  bool json = false;
  ThreadId thread;
  std::optional<UserId> user;  // as above
  std::optional<Timestamp> from;
  std::optional<Timestamp> to;
  double speed = 1;      // 0: at once
  double pause_max = 2;  // seconds, after `speed`
};

struct ContextOptions {
  std::string data;
  bool json = false;
  ThreadId thread;
  std::optional<UserId> user;  // as above
  RunId run;
};

struct ImportOptions {
  std::string data;
  bool json = false;
  std::string file;  // "-": standard input
  UserId user;
  std::string format;
};

struct ExportOptions {
  std::string data;
  bool json = false;  // for the account; `format` is that of the threads
  std::vector<ThreadId> threads;
  std::optional<UserId> user;  // as above; with `all`, only this user's
  bool all = false;
  std::string format;
  std::string out;  // "-": standard output
};

struct VerifyOptions {
  std::string data;
  bool json = false;
};

struct RebuildOptions {
  std::string data;
  bool json = false;
};

struct BackupOptions {
  enum class Action : std::uint8_t { make, list, verify };
  Action action = Action::make;
  bool json = false;
  std::string data;  // the store; only `make` needs it
  std::string to;    // the folder of backups
  std::optional<std::uint32_t> keep;
};

struct RestoreOptions {
  std::string from;  // the folder of backups
  std::string data;  // the folder of the new store
  bool json = false;
  std::optional<std::uint32_t> backup;  // empty: the newest
};

struct SalvageOptions {
  std::string from;  // the folder of the damaged store
  std::string to;    // the folder of the new store
  bool json = false;
};

struct TokenOptions {
  enum class Action : std::uint8_t { create, list, revoke };
  Action action = Action::list;
  bool json = false;
  std::string file;
  std::string name;
  UserId user;                       // empty: a worker's token
  std::vector<std::string> produce;  // the agents of a worker's token
};

using Verb = std::variant<ServeOptions, ShowOptions, ReplayOptions, ContextOptions, ImportOptions,
                          ExportOptions, VerifyOptions, RebuildOptions, BackupOptions,
                          RestoreOptions, SalvageOptions, TokenOptions>;

ExitCode run(const ServeOptions& options, Terminal& terminal);
ExitCode run(const ShowOptions& options, Terminal& terminal);
ExitCode run(const ReplayOptions& options, Terminal& terminal);
ExitCode run(const ContextOptions& options, Terminal& terminal);
ExitCode run(const ImportOptions& options, Terminal& terminal);
ExitCode run(const ExportOptions& options, Terminal& terminal);
ExitCode run(const VerifyOptions& options, Terminal& terminal);
ExitCode run(const RebuildOptions& options, Terminal& terminal);
ExitCode run(const BackupOptions& options, Terminal& terminal);
ExitCode run(const RestoreOptions& options, Terminal& terminal);
ExitCode run(const SalvageOptions& options, Terminal& terminal);
ExitCode run(const TokenOptions& options, Terminal& terminal);

}  // namespace lockstep
