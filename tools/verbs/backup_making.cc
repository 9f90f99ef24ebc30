// SPDX-License-Identifier: Apache-2.0
// backup_making.cc: a backup by this process, or by the server that has the store.
#include <boost/asio/local/stream_protocol.hpp>
#include <istream>

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
      Kind::unavailable, "no_server",
      data + " is open in another process, and that does not answer at " + Control::path_in(data));
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

Result<std::string> back_up(const RocksKv& kv, const BackupOrder& order, std::stop_token stop,
                            ControlParts::Progress progress) {
  const auto made = make_backup(kv, {.to = order.to,
                                     .keep = order.keep,
                                     .stop = std::move(stop),
                                     .progress = std::move(progress)});
  if (!made) return std::unexpected(made.error());
  std::string account = "{";
  append_backup(account, made->backup);
  append_field_number(account, "added_bytes", made->added_bytes);
  append_field_number(account, "removed", made->removed);
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
      return fail(Kind::rejected, text_at(*problem, "code"), text_at(*problem, "detail"));
    }
  }
  return fail(Kind::unavailable, "stopped", "the server ended before the backup was whole");
}

Trouble trouble_of_backup(const Error& error, const std::string& backups) {
  Trouble trouble{ExitCode::failed, error.detail.empty() ? error.code : error.detail, ""};
  if (error.code == "denied" || error.code == "inside") {
    return trouble_of(error, backups);
  }
  if (error.code == "no_backup") {
    trouble.advice = "`lockstep backup --list --to " + backups + "` says what there is.";
  } else if (error.code == "busy") {
    trouble.advice = "Wait for its end.";
  } else if (error.code == "no_space") {
    trouble.advice = "Make room; what was copied in vain goes with the next backup or restore.";
  } else if (error.code == "damaged_source") {
    trouble.advice =
        "The backups before stay. `lockstep verify` says what else is damaged in the store, and "
        "what mends it: `lockstep rebuild`, or `lockstep salvage`.";
  } else if (error.code == "corrupt") {
    trouble.advice = "`lockstep backup --verify --to " + backups + "` says which ones are whole.";
  } else if (error.code == "no_server") {
    trouble.code = ExitCode::store;
    trouble.advice = "Only a server makes a backup beside its own work: wait for other tools.";
  } else if (error.code == "exists" || error.code == "not_a_store") {
    trouble.advice = "Name a folder that is not there, or is empty.";
  }
  return trouble;
}

}  // namespace lockstep
