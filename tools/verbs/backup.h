// SPDX-License-Identifier: Apache-2.0
// backup.h: what the verbs, and a running server, say of backups.
//
// A backup is made by whoever has the store: the verb, or the server that the verb asks
// (server/control.h). Both give the same account of it, a JSON object:
//
//   { backup, made, files, bytes, commit, epoch, added_bytes, removed }
#pragma once

#include <stop_token>
#include <string>

#include "engine/base/result.h"
#include "engine/rocks/rocks_backup.h"
#include "server/control.h"
#include "tools/base/terminal.h"

namespace lockstep {

// Makes one and gives the account of it. Fails as `make_backup` does.
[[nodiscard]] Result<std::string> back_up(const RocksKv& kv, const BackupOrder& order,
                                          std::stop_token stop, ControlParts::Progress progress);

// Asks the server that has this folder, and waits. Fails with what it answers, or with
// `no_server`.
[[nodiscard]] Result<std::string> ask_for_backup(const std::string& data, const BackupOrder& order,
                                                 const ControlParts::Progress& progress);

// `"backup": 3, "made": …` of one in a list.
void append_backup(std::string& out, const Backup& backup);
[[nodiscard]] std::string epoch_text(Epoch epoch);

// An error of a folder of backups: which exit code it is, and what to do next.
[[nodiscard]] Trouble trouble_of_backup(const Error& error, const std::string& backups);

}  // namespace lockstep
