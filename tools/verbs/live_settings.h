// SPDX-License-Identifier: Apache-2.0
// live_settings.h: reads tokens and agents again while the server runs.
//
// SIGHUP reads both. Several times a second the server also looks at the token file, because a
// revocation must count without a signal: it compares the file's identity, size and times. After a
// change it waits until one look finds them unchanged, and then reads the file. So an editor may
// write over the file, or write another one and rename it.
//
// If a file can't be read, its former content counts, and the log gets an error line. Other
// settings count from the next start.
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

// Identifies the content of a file by what `stat` says: device, inode, size, times.
class FileStamp {
 public:
  // The stamp of a missing file equals only that of a missing file.
  explicit FileStamp(const std::string& path);
  friend bool operator==(const FileStamp&, const FileStamp&) = default;

 private:
  std::array<std::int64_t, 7> says_{};
};

class LiveSettings {
 public:
  struct Parts {
    boost::asio::io_context& context;
    Executor& executor;  // of the same strand
    const ConfigSources& sources;
    const std::string& tokens;  // the file; empty: the server has no tokens
    Auth& auth;
    LiveAgents& agents;
    Random& random;
    Clock& clock;
    LineLog& log;
    std::function<void()> tokens_changed;
    std::function<void()> agents_changed = {};  // null: nothing else depends on them
  };
  // `read`: the stamp of the token file from before `auth` was read from it, so that a change in
  // between is seen. Requires: all of `parts` outlive this.
  LiveSettings(Parts parts, FileStamp read);
  LiveSettings(const LiveSettings&) = delete;
  LiveSettings& operator=(const LiveSettings&) = delete;

 private:
  void read_all();
  void read_tokens();
  void read_agents();
  void look();

  Parts parts_;
  FileStamp read_;  // at the last read
  FileStamp seen_;  // at the last look
  HangUps hang_ups_;
  Alive alive_;
};

}  // namespace lockstep
