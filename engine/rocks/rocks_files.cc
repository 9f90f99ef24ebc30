// SPDX-License-Identifier: Apache-2.0
#include "engine/rocks/rocks_files.h"

#include <rocksdb/env.h>
#include <rocksdb/options.h>
#include <rocksdb/sst_file_reader.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>
#include <vector>

#include "engine/base/codes.h"
#include "engine/base/must.h"
#include "engine/base/try.h"
#include "engine/rocks/crc32c.h"
#include "engine/rocks/limits.h"
#include "engine/rocks/record_walk.h"
#include "engine/rocks/rocks_version.h"
#include "engine/rocks/wal_order.h"

namespace lockstep {
namespace {

using rocksdb::Status;

constexpr std::string_view manifest_prefix = "MANIFEST-";
constexpr std::string_view first_manifest = "MANIFEST-000001";
constexpr std::string_view known_name = "MANIFEST.known";
constexpr std::string_view compaction_name = "COMPACTION.off";

std::unexpected<Error> failed(const std::string& file, const Status& status) {
  return fail(Kind::unavailable, codes::disk, file + ": " + status.ToString());
}

std::unexpected<Error> corrupt(const std::string& file, const std::string& why) {
  return fail(Kind::corrupt, codes::corrupt, file + " " + why);
}

// A file of records. In a write-ahead log each record begins with the number of its first write.
struct Walked {
  RecordWalk records;
  std::uint64_t first_write = 0;  // 0: there is none
};

Result<Walked> walk(rocksdb::Env& env, const std::string& file) {
  std::unique_ptr<rocksdb::SequentialFile> in;
  Status status = env.NewSequentialFile(file, &in, rocksdb::EnvOptions());
  Walked found;
  RecordWalk& walk = found.records;
  std::string space(RecordWalk::block_bytes, '\0');
  rocksdb::Slice block;
  do {
    if (status.ok()) status = in->Read(space.size(), &block, space.data());
    if (!status.ok()) return failed(file, status);
    const std::string_view bytes(block.data(), block.size());
    const bool has_one = bytes.size() >= RecordWalk::header_bytes + write_number_bytes;
    if (walk.size() == 0 && has_one) {
      found.first_write = first_write_of(bytes.substr(RecordWalk::header_bytes));
    }
    walk.block(bytes);
  } while (block.size() == space.size());
  if (const auto at = walk.damaged_at()) {
    return corrupt(
        file, "is damaged at byte " + std::to_string(*at) + " of " + std::to_string(walk.size()));
  }
  return found;
}

// RocksDB writes the first manifest before CURRENT, so alone it is of a start that stored nothing.
bool belongs_to_a_database(const std::string& name) {
  return name.ends_with(".sst") || name.ends_with(".log") || name == known_name ||
         (name.starts_with(manifest_prefix) && name != first_manifest);
}

std::string encode(const KnownManifest& manifest) {
  std::string line = manifest.name + " " + std::to_string(manifest.bytes) + " ";
  constexpr std::string_view digits = "0123456789abcdef";
  const std::uint32_t sum = crc32c(line);
  for (unsigned shift = 32; shift > 0; shift -= 4) line += digits[sum >> (shift - 4) & 0xf];
  return line + "\n";
}

std::optional<KnownManifest> decode(const std::string& line) {
  const std::size_t space = line.find(' ');
  if (space == std::string::npos) return std::nullopt;
  KnownManifest known{line.substr(0, space), 0};
  std::from_chars(line.data() + space + 1, line.data() + line.size(), known.bytes);
  if (encode(known) != line) return std::nullopt;
  return known;
}

// Nothing if there is no such file: the store is of an earlier version, or a copy.
Result<std::optional<KnownManifest>> read_known(rocksdb::Env& env, const std::string& path) {
  const std::string file = path + "/" + std::string(known_name);
  std::string line;
  const Status status = rocksdb::ReadFileToString(&env, file, &line);
  if (status.IsNotFound() || (!status.ok() && env.FileExists(file).IsNotFound())) return {};
  if (!status.ok()) return failed(file, status);
  auto known = decode(line);
  if (!known) return corrupt(file, "can't be read");
  return known;
}

// Numbers in names have six digits, and more only above 999999: so a longer name is younger.
bool is_older(std::string_view one, std::string_view other) {
  return one.size() != other.size() ? one.size() < other.size() : one < other;
}

Result<void> check_manifest(rocksdb::Env& env, const std::string& manifest,
                            const std::optional<KnownManifest>& known) {
  TRY_LET(walked, walk(env, manifest));
  if (!known) return {};
  const std::string name = manifest.substr(manifest.rfind('/') + 1);
  if (is_older(name, known->name)) {
    return corrupt(manifest, "is older than `" + known->name + "`, which was written after it");
  }
  if (name == known->name && walked.records.whole() < known->bytes) {
    return corrupt(manifest, "ends at byte " + std::to_string(walked.records.whole()) +
                                 ", but had at least " + std::to_string(known->bytes));
  }
  return {};
}

// CURRENT is one line: the name of the manifest that counts.
Result<std::string> current_manifest(rocksdb::Env& env, const std::string& path) {
  const std::string current = path + "/CURRENT";
  std::string line;
  const Status status = rocksdb::ReadFileToString(&env, current, &line);
  if (!status.ok()) return failed(current, status);
  if (!line.starts_with(manifest_prefix) || !line.ends_with('\n')) {
    return corrupt(current, "does not name a manifest");
  }
  line.pop_back();
  if (!env.FileExists(path + "/" + line).ok()) {
    return corrupt(current, "names `" + line + "`, which is not there");
  }
  return path + "/" + line;
}

}  // namespace

void remember(rocksdb::Env& env, const std::string& path, const KnownManifest& manifest) {
  MUST(manifest.name.starts_with(manifest_prefix));
  const std::string file = path + "/" + std::string(known_name);
  constexpr bool and_sync = true;
  const Status written =
      rocksdb::WriteStringToFile(&env, encode(manifest), file + ".new", and_sync);
  if (written.ok()) env.RenameFile(file + ".new", file).PermitUncheckedError();
}

void stop_compaction(rocksdb::Env& env, const std::string& path, const std::string& why) {
  const std::string file = path + "/" + std::string(compaction_name);
  constexpr bool and_sync = true;
  // If this can't be written, the next compaction ends the process again, and tries again.
  rocksdb::WriteStringToFile(&env, why + "\n", file, and_sync).PermitUncheckedError();
}

namespace {

Result<void> check_logs(rocksdb::Env& env, const std::string& path, std::vector<std::string> names,
                        RocksFiles& found) {
  std::ranges::sort(names);
  std::uint64_t last_write = 0;
  for (const std::string& name : names) {
    if (!name.ends_with(".log")) continue;
    const auto walked = walk(env, path + "/" + name);
    // A server next to this reader removes logs that it needs no more.
    if (!walked && !env.FileExists(path + "/" + name).ok()) continue;
    if (!walked) return std::unexpected(walked.error());
    MUST(walked->records.whole() <= walked->records.size());
    found.log_bytes += walked->records.size();
    found.dropped_bytes += walked->records.size() - walked->records.whole();
    if (walked->records.whole() == 0) continue;
    // RocksDB aborts the process if the logs are not in order.
    if (walked->first_write < last_write) {
      return corrupt(path + "/" + name, "is older than the log before it: files were swapped");
    }
    last_write = walked->first_write;
  }
  return {};
}

}  // namespace

Result<RocksFiles> check_files(rocksdb::Env& env, const std::string& path) {
  RocksFiles found;
  std::vector<std::string> names;
  // A missing folder is one without files.
  const Status listed = env.GetChildren(path, &names);
  if (!listed.ok() && !listed.IsNotFound()) return failed(path, listed);
  found.is_new = std::ranges::find(names, "CURRENT") == names.end();
  if (found.is_new) {
    if (std::ranges::none_of(names, belongs_to_a_database)) return found;
    return corrupt(path + "/CURRENT", "is missing, though there are files of a database");
  }
  found.compacts = std::ranges::find(names, compaction_name) == names.end();
  // MANIFEST.known first: a running server lengthens both, and this reader must not know more than
  // the manifest that it then walks.
  TRY_LET(known, read_known(env, path));
  TRY_LET(manifest, current_manifest(env, path));
  TRY(check_manifest(env, manifest, known));
  TRY(check_logs(env, path, std::move(names), found));
  return found;
}

Result<void> check_room(rocksdb::Env& env, const std::string& path, std::uint64_t log_bytes) {
  std::uint64_t free_bytes = 0;
  if (!env.GetFreeSpace(path, &free_bytes).ok()) return {};
  const std::uint64_t needed = log_bytes + limits::opening_bytes;
  if (free_bytes >= needed) return {};
  return fail(Kind::unavailable, codes::disk,
              path + ": No space left on device: opening it may take " + std::to_string(needed) +
                  " bytes, and " + std::to_string(free_bytes) + " are free");
}

namespace {

enum class Depth { opening, all_blocks };

std::string table_damage(rocksdb::Env& env, const std::string& file, Depth depth) {
  rocksdb::Options options;
  options.env = &env;
  if (env.FileExists(file).IsNotFound()) return file + " is missing";
  rocksdb::SstFileReader reader(options);
  Status status = reader.Open(file);
  if (status.ok() && depth == Depth::all_blocks) status = reader.VerifyChecksum();
  return status.ok() ? std::string() : file + " is damaged: " + status.ToString();
}

}  // namespace

std::string damage_of_table(rocksdb::Env& env, const std::string& file) {
  return table_damage(env, file, Depth::all_blocks);
}

std::string opening_damage(rocksdb::Env& env, const std::string& file) {
  return table_damage(env, file, Depth::opening);
}

std::string damage_of_records(rocksdb::Env& env, const std::string& file) {
  const auto walked = walk(env, file);
  return walked ? std::string() : walked.error().detail;
}

Result<void> allow_compaction(rocksdb::Env& env, const std::string& path) {
  const std::string file = path + "/" + std::string(compaction_name);
  if (!env.FileExists(file).ok()) return {};
  const Status removed = env.DeleteFile(file);
  if (!removed.ok()) return failed(file, removed);
  return {};
}

std::string damaged_table(rocksdb::Env& env, const std::string& path) {
  std::vector<std::string> names;
  if (!env.GetChildren(path, &names).ok()) return {};
  std::ranges::sort(names);
  for (const std::string& name : names) {
    if (!name.ends_with(".sst")) continue;
    const std::string damage = opening_damage(env, path + "/" + name);
    if (!damage.empty()) return damage;
  }
  return {};
}

}  // namespace lockstep
