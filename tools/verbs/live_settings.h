// SPDX-License-Identifier: Apache-2.0
// live_settings.h: tokens and agents, read again while the server runs.
//
// A hang-up reads both. The token file is also looked at several times a second, for a revoked
// token must not wait for anybody: who it is, how long and when it was written, and once these have
// changed and then stayed the same for one look, it is read. So it does not matter how it was
// written: over the former one, or beside it and then renamed.
//
// What can't be read leaves the former in force, and is an error line. Other settings count from
// the next start.
//
// Lives on: the engine strand.
#pragma once

#include <sys/stat.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "engine/base/alive.h"
#include "engine/base/executor.h"
#include "engine/base/time.h"
#include "server/base/auth.h"
#include "server/base/config.h"
#include "server/base/log_line.h"
#include "server/inference/live_agents.h"
#include "tools/base/hang_ups.h"

namespace lockstep {

// Which content a path had, as far as its file system tells.
class FileStamp {
 public:
  // Of a file that is not there: equal to no other but such.
  explicit FileStamp(const std::string& path);
  friend bool operator==(const FileStamp&, const FileStamp&) = default;

 private:
  std::array<std::int64_t, 7> says_{};
};

// The agents of a configuration; what is doubtful about them is logged. Fails with `invalid` and
// the agent's name.
[[nodiscard]] Result<std::unique_ptr<AgentSet>> open_agents(
    const Config& config, const boost::asio::any_io_executor& executor, Random& random,
    LineLog& log);

class LiveSettings {
 public:
  struct Parts {
    boost::asio::io_context& context;
    Executor& executor;  // of the same strand
    const ConfigSources& sources;
    const std::string& tokens;  // the file; empty: there are none, and none are looked for
    Auth& auth;
    LiveAgents& agents;
    Random& random;
    LineLog& log;
    std::function<void()> tokens_changed;
  };
  // `read`: the token file before `auth` was read from it. Requires: all of `parts` outlive this.
  LiveSettings(Parts parts, FileStamp read);
  LiveSettings(const LiveSettings&) = delete;
  LiveSettings& operator=(const LiveSettings&) = delete;

 private:
  void read_all();
  void read_tokens();
  void read_agents();
  void look();

  Parts parts_;
  FileStamp read_;  // what was read
  FileStamp seen_;  // at the last look
  HangUps hang_ups_;
  Alive alive_;
};

}  // namespace lockstep
