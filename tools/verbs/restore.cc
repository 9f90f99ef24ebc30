// SPDX-License-Identifier: Apache-2.0
// restore.cc: makes a store from a backup, with a new epoch.
#include "engine/base/codes.h"
#include "engine/files/blob_copies.h"
#include "schema/json/json_text.h"
#include "server/base/printable.h"
#include "tools/base/system.h"
#include "tools/store/access.h"
#include "tools/verbs/backup.h"
#include "tools/verbs/verbs.h"

namespace lockstep {
namespace {

void say(const Restored& restored, const RestoreOptions& options, Terminal& terminal) {
  const Epochs::Former& former = restored.epochs.former.back();
  if (options.json) {
    std::string json = "{";
    append_backup(json, restored.backup);
    append_field(json, "data", options.data);
    append_field_number(json, "last_commit", restored.last.get());
    append_field(json, "new_epoch", epoch_text(restored.epochs.current));
    append_field_number(json, "cut", former.end.get());
    return terminal.print_json(json + "}\n");
  }
  terminal.print("backup " + std::to_string(restored.backup.number.get()) + " of " +
                 time_text(restored.backup.made).substr(0, 19) + " UTC restored to " +
                 printable(options.data) + ": " + counted(restored.last.get(), "commit") +
                 "\nEpoch " + epoch_text(restored.epochs.current) +
                 " begins: the server tells fronts that hold entries after commit " +
                 std::to_string(former.end.get()) + ", and they can offer them again.\n");
}

Trouble trouble_of_restore(const Error& error, const RestoreOptions& options) {
  Trouble trouble = trouble_of_backup(error, options.from);
  if (error.code == codes::locked) {
    trouble.code = ExitCode::store;
    trouble.advice = "Another process has it open: name a folder that is missing or empty.";
  }
  return trouble;
}

}  // namespace

ExitCode run(const RestoreOptions& options, Terminal& terminal) {
  share(sharing_of(options.from));
  SystemRandom random;
  RestoreAsked asked{.from = options.from, .to = options.data};
  if (options.backup) asked.number = BackupNumber(*options.backup);
  asked.progress = [&](std::string_view step) {
    if (terminal.notes_are_seen()) terminal.note("restore: " + std::string(step));
  };
  asked.files = [&](BackupNumber number) {
    if (terminal.notes_are_seen()) terminal.note("restore: copying attachments");
    return restore_blobs(options.from, number.get(), options.data);
  };
  const auto restored = restore_backup(asked, random);
  if (!restored) return terminal.fail(trouble_of_restore(restored.error(), options));
  say(*restored, options, terminal);
  return ExitCode::ok;
}

}  // namespace lockstep
