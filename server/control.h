// SPDX-License-Identifier: Apache-2.0
// control.h: the administrator's word to a running server.
//
// A unix domain socket in the store's folder, for its owner alone (0600). One order a connection:
// a line of JSON in, lines of JSON out, then it is closed.
//
//   ─> { "do": "backup", "to": FOLDER, "keep": N }
//   <─ { "progress": BYTES } …
//   <─ { "done": { … } }    or    { "problem": { "code", "detail" } }
//
// A backup is long, and reads and writes files: it has a thread of its own, which posts back here.
// There is one at a time (`busy`). Whoever hangs up, or stops the server, ends it.
//
// Lives on: the engine strand; the backup on its thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "engine/base/result.h"
#include "server/base/log_line.h"

namespace boost::asio {
class io_context;
}

namespace lockstep {

struct BackupOrder {
  std::string to;
  std::optional<std::uint32_t> keep;
};

struct ControlParts {
  using Progress = std::function<void(std::uint64_t bytes)>;

  boost::asio::io_context& context;
  LineLog& log;
  // Called on the backup's thread. Gives what is to stand under `done`: a JSON object.
  std::function<Result<std::string>(const BackupOrder& order, std::stop_token stop,
                                    Progress progress)>
      make_backup;
};

class Control {
 public:
  // Takes the place of a socket that a dead server has left there. Fails with `unavailable`.
  // Requires: the folder is locked by this process, and the context outlives this.
  [[nodiscard]] static Result<std::unique_ptr<Control>> open(ControlParts parts,
                                                             const std::string& path);
  // Waits for the end of a backup, after it was stopped.
  ~Control();
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;

  // Nothing more is taken, and a backup is told to end; who waits for it is told so.
  void stop();

  // The socket of the store in this folder.
  [[nodiscard]] static std::string path_in(const std::string& data);

 private:
  struct Inside;
  explicit Control(std::shared_ptr<Inside> inside);
  std::shared_ptr<Inside> inside_;
};

}  // namespace lockstep
