// SPDX-License-Identifier: Apache-2.0
// backup.h: makes backups, and reports them.
//
// The process that has the store open makes the backup: the verb, or the server that the verb asks
// (server/control.h). Both report it with the same JSON object, the account:
//
//   { backup, made, files, bytes, commit, epoch, added_bytes, removed }
#pragma once

#include <string>

#include "engine/base/result.h"
#include "engine/rocks/rocks_backup.h"
#include "server/control.h"
#include "tools/base/terminal.h"

namespace lockstep {

// Makes a backup of the store in `data`, with its blobs, and returns its account. Fails as
// `make_backup` does.
[[nodiscard]] Result<std::string> back_up(const std::string& data, const RocksKv& kv,
                                          BackupAsked asked);

// Asks the server that has this folder open, and waits for the account. Fails with the error that
// the server answers, with `stopped`, or with `no_server`.
[[nodiscard]] Result<std::string> ask_for_backup(const std::string& data, const BackupOrder& order,
                                                 const ControlParts::Progress& progress);

// Appends the members of one backup: `"backup": 3, "made": …`.
void append_backup(std::string& out, const Backup& backup);
[[nodiscard]] std::string epoch_text(Epoch epoch);

// The exit code and the advice for an error of a folder of backups.
[[nodiscard]] Trouble trouble_of_backup(const Error& error, const std::string& backups);

}  // namespace lockstep
