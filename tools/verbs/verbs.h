// SPDX-License-Identifier: Apache-2.0
// verbs.h: what the one binary can do.
//
// A verb is its options, as the command line gave them, and a function that does it and says how it
// went. args.cc fills the options in; nothing else knows the command line. The reading verbs open
// the store read-only and so work beside a running server; `import` and `rebuild` need the store
// alone; `backup` asks the server if there is one.
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

// What is not named is taken from the environment, then from the configuration file
// (server/base/config.h).
struct ServeOptions {
  std::vector<std::pair<std::string, std::string>> flags;  // settings by name
  std::string config;                                      // the file
};

struct ShowOptions {
  std::string data;
  bool json = false;
  std::optional<ThreadId> thread;  // none: the list of threads
  std::optional<UserId> user;      // whose; none: of whoever has it, if it is one user
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
  bool json = false;  // of the account, not of what is exported
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
  std::string data;  // to make one
  std::string to;    // the folder of backups
  std::optional<std::uint32_t> keep;
};

struct RestoreOptions {
  std::string from;  // the folder of backups
  std::string data;  // where the store is to be
  bool json = false;
  std::optional<std::uint32_t> backup;  // none: the newest
};

struct SalvageOptions {
  std::string from;  // the folder of the damaged store
  std::string to;    // where the new one is to be
  bool json = false;
};

struct TokenOptions {
  enum class Action : std::uint8_t { create, list, revoke };
  Action action = Action::list;
  bool json = false;
  std::string file;
  std::string name;
  UserId user;
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
