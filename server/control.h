// SPDX-License-Identifier: Apache-2.0
// control.h: the socket over which an administrator gives orders to a running server.
//
// It is a unix domain socket in the store's folder, which only its owner can open (mode 0600). A
// connection takes one order: a line of JSON in, lines of JSON out, then the server closes it.
//
//   ─> { "do": "backup", "to": FOLDER, "keep": N }
//   <─ { "progress": BYTES } …
//   <─ { "done": { … } }    or    { "problem": { "code", "detail" } }
//
// A backup takes long and blocks on files, so it has a thread of its own, which posts back here.
// Only one runs at a time; the server refuses another as `busy`. The backup ends early when its
// caller hangs up or the server stops.
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
  // Called on the backup's thread. Returns the value of `done`, a JSON object.
  std::function<Result<std::string>(const BackupOrder& order, std::stop_token stop,
                                    Progress progress)>
      make_backup;
};

class Control {
 public:
  // Replaces a socket that a dead server left there. Fails with `unavailable`.
  // Requires: the folder is locked by this process, and the context outlives this.
  [[nodiscard]] static Result<std::unique_ptr<Control>> open(ControlParts parts,
                                                             const std::string& path);
  // Stops a running backup, and waits for its end.
  ~Control();
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;

  // Takes no more orders, and asks a running backup to end; its caller gets a `problem`.
  void stop();

  // The socket of the store in this folder.
  [[nodiscard]] static std::string path_in(const std::string& data);

 private:
  struct Inside;
  explicit Control(std::shared_ptr<Inside> inside);
  std::shared_ptr<Inside> inside_;
};

}  // namespace lockstep
