// SPDX-License-Identifier: Apache-2.0
// backup_making.cc: makes a backup in this process, or asks the server that has the store open.
#include <boost/asio/local/stream_protocol.hpp>
#include <istream>

#include "engine/base/codes.h"
#include "engine/base/try.h"
#include "engine/files/blob_copies.h"
#include "schema/json/json_text.h"
#include "tools/forms/json.h"
#include "tools/verbs/backup.h"

namespace lockstep {
namespace {

std::uint64_t number_of(const JsonValue& number) {
  return std::strtoull(number.text.c_str(), nullptr, 10);
}

std::string text_at(const JsonValue& object, std::string_view name) {
  const JsonValue* value = object.find(name);
  return value ? value->text : std::string();
}

std::string order_line(const BackupOrder& order) {
  std::string line = "{";
  append_field(line, "do", "backup");
  append_field(line, "to", order.to);
  if (order.keep) append_field_number(line, "keep", *order.keep);
  return line + "}\n";
}

std::unexpected<Error> no_server(const std::string& data) {
  return fail(
      Kind::unavailable, codes::no_server,
      data + " is open in another process, which does not answer at " + Control::path_in(data));
}

}  // namespace

void append_backup(std::string& out, const Backup& backup) {
  append_field_number(out, "backup", backup.number.get());
  append_field_number(out, "made", backup.made.get());
  append_field_number(out, "files", backup.files);
  append_field_number(out, "bytes", backup.bytes);
  append_field_number(out, "commit", backup.commit.get());
  append_field(out, "epoch", epoch_text(backup.epoch));
}

std::string epoch_text(Epoch epoch) {
  const std::string cursor = to_string(Cursor{Timestamp(), epoch});
  return cursor.substr(cursor.find('@') + 1);
}

Result<std::string> back_up(const std::string& data, const RocksKv& kv, BackupAsked asked) {
  BlobBackup blobs(data, asked.to, {.stop = asked.stop, .progress = asked.progress});
  asked.before = [&blobs] { return blobs.copy(); };
  asked.after = [&blobs](BackupNumber made, const std::vector<BackupNumber>& all) -> Result<void> {
    std::vector<std::uint32_t> numbers;
    numbers.reserve(all.size());
    for (const BackupNumber one : all) numbers.push_back(one.get());
    TRY(blobs.copy());
    return blobs.finish(made.get(), numbers);
  };
  TRY_LET(made, make_backup(kv, asked));
  std::string account = "{";
  append_backup(account, made.backup);
  append_field_number(account, "added_bytes", made.added_bytes);
  append_field_number(account, "removed", made.removed);
  return account + "}";
}

Result<std::string> ask_for_backup(const std::string& data, const BackupOrder& order,
                                   const ControlParts::Progress& progress) {
  const std::string path = Control::path_in(data);
  if (path.size() >= sizeof(sockaddr_un::sun_path)) return no_server(data);
  boost::asio::local::stream_protocol::iostream server{
      boost::asio::local::stream_protocol::endpoint(path)};
  if (!server) return no_server(data);
  server << order_line(order) << std::flush;
  std::string line;
  while (std::getline(server, line)) {
    const auto said = parse_json(line);
    if (!said) break;
    if (const JsonValue* bytes = said->find("progress")) progress(number_of(*bytes));
    if (const JsonValue* done = said->find("done")) return to_text(*done);
    if (const JsonValue* problem = said->find("problem")) {
      return std::unexpected(
          Error{Kind::rejected, text_at(*problem, "code"), text_at(*problem, "detail")});
    }
  }
  return fail(Kind::unavailable, codes::stopped,
              "the server stopped before the backup was complete");
}

Trouble trouble_of_backup(const Error& error, const std::string& backups) {
  Trouble trouble{ExitCode::failed, error.detail.empty() ? error.code : error.detail, ""};
  if (error.code == codes::denied || error.code == codes::inside) {
    return trouble_of(error, backups);
  }
  if (error.code == codes::no_backup) {
    trouble.advice = "`lockstep backup --data DIR --to " + backups +
                     "` makes a backup; for another folder or number, see `lockstep backup "
                     "--list --to BACKUPS`.";
  } else if (error.code == codes::busy) {
    trouble.advice = "Wait until that backup is complete, then try again.";
  } else if (error.code == codes::stopped) {
    trouble.advice = "Try again; the next backup removes the incomplete one.";
  } else if (error.code == codes::no_space) {
    trouble.advice = "Make room, then try again: that also removes the incomplete copy.";
  } else if (error.code == codes::damaged_source) {
    trouble.advice =
        "The older backups stay. `lockstep verify` lists all damage of the store, and names the "
        "repair: `lockstep rebuild` or `lockstep salvage`.";
  } else if (error.code == codes::corrupt) {
    trouble.advice = "`lockstep backup --verify --to " + backups + "` names the good backups.";
  } else if (error.code == codes::no_server) {
    trouble.code = ExitCode::store;
    trouble.advice =
        "If that process is a tool, wait for its end. If it is a server, look into its log for "
        "`no_control`: then stop it for the backup.";
  } else if (error.code == codes::exists || error.code == codes::not_a_store) {
    trouble.advice = "Name a folder that is missing or empty.";
  }
  return trouble;
}

}  // namespace lockstep
