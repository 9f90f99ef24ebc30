// SPDX-License-Identifier: Apache-2.0
// backup.cc: makes, lists and verifies backups of a store.
#include "tools/verbs/backup.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "engine/base/codes.h"
#include "engine/files/blob_copies.h"
#include "engine/rocks/rocks_log.h"
#include "schema/json/json_text.h"
#include "server/base/printable.h"
#include "tools/forms/json.h"
#include "tools/store/access.h"
#include "tools/store/writing.h"
#include "tools/verbs/verbs.h"

namespace lockstep {
namespace {

constexpr std::uint64_t mebibyte = 1 << 20;

std::string absolute(const std::string& path) {
  std::error_code error;
  const auto whole = std::filesystem::absolute(path, error);
  return error ? path : whole.lexically_normal().string();
}

// --- Making --------------------------------------------------------------------------------------

void say_made(const std::string& account, const BackupOptions& options, Terminal& terminal) {
  if (options.json) return terminal.print_json(account + "\n");
  const auto made = parse_json(account);
  const auto field = [&](std::string_view name) {
    const JsonValue* value = made ? made->find(name) : nullptr;
    return value ? value->text : std::string("?");
  };
  const auto counted_in = [&](std::string_view name, std::string_view thing) {
    return counted(std::strtoull(field(name).c_str(), nullptr, 10), thing);
  };
  terminal.print("backup " + field("backup") + " of " + printable(options.data) + " in " +
                 printable(options.to) + ": up to commit " + field("commit") + ", " +
                 counted_in("files", "file") + ", " + counted_in("bytes", "byte") + ", " +
                 field("added_bytes") + " of them new\n");
  if (field("removed") == "0") return;
  terminal.print(counted_in("removed", "older backup") + " removed\n");
}

// A backup is shared with the group exactly if the store is.
void correct_modes(const std::string& to, const BackupOptions& options, Terminal& terminal) {
  const Corrected corrected = correct_backups(to, sharing_of(options.data));
  if (corrected.changed == 0) return;
  terminal.note("backup: closed to other users: " +
                counted(corrected.changed, "file or folder", "files and folders") + " in " +
                options.to);
}

ExitCode make(const BackupOptions& options, Terminal& terminal) {
  const BackupOrder order{absolute(options.to), options.keep};
  SystemClock clock;
  Progress progress(terminal, clock, "backup: MiB");
  const auto at = [&progress](std::uint64_t bytes) { progress.at(bytes / mebibyte); };
  Result<std::string> account;
  auto writer = StoreWriter::open(options.data, StoreWriter::Missing::fail);
  if (writer) {
    const auto correct = [&] { correct_modes(order.to, options, terminal); };
    account = back_up(
        options.data, (*writer)->rocks_kv(),
        {.to = order.to, .keep = order.keep, .stop = {}, .accepted = correct, .progress = at});
  } else if (writer.error().code == codes::locked) {
    account = ask_for_backup(options.data, order, at);
  } else {
    return terminal.fail(trouble_of_opening(writer.error(), options.data));
  }
  if (!account) return terminal.fail(trouble_of_backup(account.error(), options.to));
  say_made(*account, options, terminal);
  return ExitCode::ok;
}

// --- Listing and verifying -----------------------------------------------------------------------

// A backup in the list; it is damaged if `damage` is not empty.
struct Listed {
  BackupNumber number;
  std::optional<Backup> backup;
  std::string damage;
};

std::vector<Listed> all_of(const Backups& backups) {
  std::vector<Listed> all;
  all.reserve(backups.whole.size() + backups.damaged.size());
  for (const Backup& backup : backups.whole) all.push_back({backup.number, backup, {}});
  for (const auto& damaged : backups.damaged) all.push_back({damaged.number, {}, damaged.why});
  std::ranges::sort(all, {}, &Listed::number);
  return all;
}

std::string json_of(const std::vector<Listed>& all) {
  std::string json = "{";
  append_field_flag(json, "ok", std::ranges::all_of(all, &std::string::empty, &Listed::damage));
  append_name(json, "backups");
  append_array(json, all, [](std::string& out, const Listed& one) {
    out += '{';
    if (one.backup) append_backup(out, *one.backup);
    if (!one.backup) append_field_number(out, "backup", one.number.get());
    append_field_flag(out, "ok", one.damage.empty());
    if (!one.damage.empty()) append_field(out, "damage", one.damage);
    out += '}';
  });
  return json + "}\n";
}

std::string line_of(const Listed& one, const Terminal& terminal) {
  std::string line = std::to_string(one.number.get()) + "  ";
  if (one.backup) {
    const Backup& backup = *one.backup;
    line += time_text(backup.made).substr(0, 19) + " UTC  up to commit " +
            std::to_string(backup.commit.get()) + "  " + counted(backup.files, "file") + "  " +
            counted(backup.bytes, "byte");
  }
  if (!one.damage.empty()) {
    line +=
        (one.backup ? "  " : "") + terminal.ink(Ink::red, "damaged") + ": " + printable(one.damage);
  }
  return line + "\n";
}

// Reads every file of each backup and notes the damage. Fails if a folder or file can't be read.
Result<void> read_through(const std::string& folder, std::vector<Listed>& all, Terminal& terminal) {
  SystemClock clock;
  Progress progress(terminal, clock, "verify: backup");
  for (std::size_t at = 0; at < all.size(); ++at) {
    progress.at(at + 1, all.size());
    if (!all[at].damage.empty()) continue;
    auto good = verify_backup(folder, all[at].number);
    if (good) good = verify_blobs(folder, all[at].number.get());
    if (good) continue;
    if (good.error().kind != Kind::corrupt) return std::unexpected(good.error());
    all[at].damage = good.error().detail;
  }
  return {};
}

ExitCode list(const BackupOptions& options, Terminal& terminal) {
  const auto backups = list_backups(options.to);
  if (!backups) return terminal.fail(trouble_of_backup(backups.error(), options.to));
  std::vector<Listed> all = all_of(*backups);
  const bool verifies = options.action == BackupOptions::Action::verify;
  if (verifies) {
    const auto read = read_through(options.to, all, terminal);
    if (!read) return terminal.fail(trouble_of_backup(read.error(), options.to));
  }
  const bool good = std::ranges::all_of(all, &std::string::empty, &Listed::damage);
  if (options.json) terminal.print_json(json_of(all));
  if (!options.json) {
    for (const Listed& one : all) terminal.print(line_of(one, terminal));
    if (good && verifies) {
      terminal.print(counted(all.size(), "backup") + ": " + terminal.ink(Ink::green, "no damage") +
                     "\n");
    }
  }
  return good ? ExitCode::ok : ExitCode::failed;
}

}  // namespace

ExitCode run(const BackupOptions& options, Terminal& terminal) {
  if (options.action != BackupOptions::Action::make) return list(options, terminal);
  if (options.data.empty()) {
    return terminal.fail({ExitCode::usage,
                          "--data is missing: backup needs the folder of the store",
                          "Add --data DIR; or --list or --verify, to look at the backups."});
  }
  return make(options, terminal);
}

}  // namespace lockstep
