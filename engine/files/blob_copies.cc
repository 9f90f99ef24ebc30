// SPDX-License-Identifier: Apache-2.0
#include "engine/files/blob_copies.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "engine/base/codes.h"
#include "engine/base/try.h"
#include "engine/rules/digest.h"

namespace lockstep {

using blob_file::Handle;

namespace {

constexpr const char* lists = "lists";
constexpr std::size_t list_bytes_max = 1 << 30;  // some seven million blobs

Result<Handle> top(const std::string& folder) {
  Handle handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!handle && errno != ENOENT) return blob_file::failed(folder, errno);
  return handle;
}

// `folder`/blobs; an empty handle if there is none.
Result<Handle> open_blobs(const std::string& folder) {
  TRY_LET(store, top(folder));
  if (!store) return Handle();
  return blob_file::open_folder(store.number(), blob_file::top_name);
}

Result<Handle> make_blobs(const std::string& folder) {
  TRY_LET(store, top(folder));
  if (!store) return blob_file::failed(folder, ENOENT);
  return blob_file::make_folder(store.number(), blob_file::top_name);
}

Result<Handle> make_new_file(int folder, const std::string& name) {
  ::unlinkat(folder, name.c_str(), 0);  // of a copy that was cut short
  Handle file(::openat(folder, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                       blob_file::file_mode));
  if (!file) return blob_file::failed(name, errno);
  return file;
}

std::unexpected<Error> damaged(const BlobName& name, const std::string& why) {
  return fail(Kind::corrupt, codes::corrupt,
              "the blob blobs/" + name.user + "/" + name.hash + " " + why);
}

// Reads a blob from its begin to its end, and gives each piece to `take`.
Result<blob_file::Head> read_through(const Handle& file, const BlobName& name,
                                     const std::function<Result<void>(std::string_view)>& take) {
  const BlobHash hash(*parse_hash(name.hash));
  TRY_LET(first, blob_file::read_at(file.number(), 0, blob_file::head_bytes));
  const auto head = blob_file::decode(first, hash);
  if (!head || blob_file::name_of(head->user) != name.user) {
    return damaged(name, "has a damaged head");
  }
  TRY(take(first));
  Sha256 bytes;
  std::uint64_t at = blob_file::head_bytes;
  while (true) {
    TRY_LET(piece, blob_file::read_at(file.number(), at, limits::blob_piece_bytes));
    if (piece.empty()) break;
    at += piece.size();
    bytes.add(piece);
    TRY(take(piece));
  }
  if (at != blob_file::head_bytes + head->facts.bytes) {
    return damaged(name, "has another length than its head says");
  }
  if (BlobHash(bytes.take()) != hash) return damaged(name, "has other bytes than its name says");
  return *head;
}

Result<Handle> open_named(const Handle& blobs, const BlobName& name) {
  TRY_LET(folder, blob_file::open_folder(blobs.number(), name.user));
  if (!folder) return Handle();
  return blob_file::open_file(folder.number(), name.hash);
}

bool has(const Handle& blobs, const BlobName& name) {
  const auto folder = blob_file::open_folder(blobs.number(), name.user);
  return folder && *folder && blob_file::stat_of(folder->number(), name.hash);
}

// Copies one blob, with its time, if it is still there. Returns its bytes.
Result<std::uint64_t> copy_blob(const Handle& from, const Handle& to, const BlobName& name) {
  TRY_LET(source, open_named(from, name));
  if (!source) return 0;
  const auto is = blob_file::stat_of(source);
  TRY_LET(folder, blob_file::make_folder(to.number(), name.user));
  const std::string part = name.hash + ".part";
  TRY_LET(target, make_new_file(folder.number(), part));
  std::uint64_t at = 0;
  const auto read = read_through(source, name, [&](std::string_view piece) -> Result<void> {
    TRY(blob_file::write_at(target.number(), at, piece));
    at += piece.size();
    return {};
  });
  if (!read || !is) {
    ::unlinkat(folder.number(), part.c_str(), 0);
    return read ? blob_file::failed(name.hash, ENOENT) : std::unexpected(read.error());
  }
  TRY(blob_file::finish_file(target.number(), is->changed));
  if (::renameat(folder.number(), part.c_str(), folder.number(), name.hash.c_str()) != 0) {
    return blob_file::failed(name.hash, errno);
  }
  TRY(blob_file::sync(folder.number()));
  return at;
}

std::string list_of(const std::set<BlobName>& names) {
  std::string text;
  for (const BlobName& name : names) text += name.user + "/" + name.hash + "\n";
  return text;
}

// Nothing if the text is no list.
std::optional<std::set<BlobName>> names_of(std::string_view text) {
  std::set<BlobName> names;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    const std::size_t slash = line.find('/');
    if (end == std::string_view::npos || slash == std::string_view::npos) return std::nullopt;
    BlobName name{std::string(line.substr(0, slash)), std::string(line.substr(slash + 1))};
    if (!parse_hash(name.user) || !parse_hash(name.hash)) return std::nullopt;
    names.insert(std::move(name));
    text.remove_prefix(end + 1);
  }
  return names;
}

// Nothing if the backup has no list.
Result<std::optional<std::set<BlobName>>> read_list(const Handle& blobs, std::uint32_t number) {
  TRY_LET(folder, blob_file::open_folder(blobs.number(), lists));
  if (!folder) return std::nullopt;
  TRY_LET(file, blob_file::open_file(folder.number(), std::to_string(number)));
  if (!file) return std::nullopt;
  const auto is = blob_file::stat_of(file);
  const std::uint64_t bytes = std::min<std::uint64_t>(is ? is->bytes : 0, list_bytes_max);
  TRY_LET(text, blob_file::read_at(file.number(), 0, bytes));
  auto names = names_of(text);
  if (names) return names;
  return fail(Kind::corrupt, codes::corrupt,
              "the list blobs/lists/" + std::to_string(number) + " is damaged");
}

Result<void> write_list(const Handle& blobs, std::uint32_t number,
                        const std::set<BlobName>& names) {
  TRY_LET(folder, blob_file::make_folder(blobs.number(), lists));
  const std::string name = std::to_string(number);
  const std::string part = name + ".part";
  TRY_LET(file, make_new_file(folder.number(), part));
  TRY(blob_file::write_at(file.number(), 0, list_of(names)));
  TRY(blob_file::sync(file.number()));
  if (::renameat(folder.number(), part.c_str(), folder.number(), name.c_str()) != 0) {
    return blob_file::failed(name, errno);
  }
  return blob_file::sync(folder.number());
}

Result<std::set<BlobName>> names_below(const Handle& blobs) {
  std::set<BlobName> names;
  if (!blobs) return names;
  TRY_LET(users, blob_file::names_in(blobs.number()));
  for (const std::string& user : users) {
    if (!parse_hash(user)) continue;
    TRY_LET(folder, blob_file::open_folder(blobs.number(), user));
    if (!folder) continue;
    TRY_LET(hashes, blob_file::names_in(folder.number()));
    for (std::string& hash : hashes) {
      if (parse_hash(hash)) names.insert({user, std::move(hash)});
    }
  }
  return names;
}

}  // namespace

Result<std::set<BlobName>> blobs_in(const std::string& folder) {
  TRY_LET(blobs, open_blobs(folder));
  return names_below(blobs);
}

Result<blob_file::Head> check_blob(const std::string& folder, const BlobName& name) {
  TRY_LET(blobs, open_blobs(folder));
  const std::string path = "blobs/" + name.user + "/" + name.hash;
  if (!blobs) return fail(Kind::not_found, codes::unknown_blob, path + " is missing");
  TRY_LET(file, open_named(blobs, name));
  if (!file) return fail(Kind::not_found, codes::unknown_blob, path + " is missing");
  return read_through(file, name, [](std::string_view) { return Result<void>(); });
}

// --- Backups -------------------------------------------------------------------------------------

Result<void> BlobBackup::copy() {
  TRY_LET(from, open_blobs(store_));
  TRY_LET(names, names_below(from));
  if (names.empty()) return {};
  TRY_LET(to, make_blobs(backups_));
  std::uint64_t bytes = 0;
  for (const BlobName& name : names) {
    if (rules_.stop.stop_requested()) {
      return fail(Kind::unavailable, codes::stopped,
                  "the backup was stopped before it was complete");
    }
    names_.insert(name);
    if (has(to, name)) continue;
    const auto copied = copy_blob(from, to, name);
    if (!copied && copied.error().kind == Kind::corrupt) {
      return fail(Kind::corrupt, codes::damaged_source,
                  copied.error().detail + "; so there is no new backup");
    }
    if (!copied) return std::unexpected(copied.error());
    if (rules_.progress) rules_.progress(bytes += *copied);
  }
  return {};
}

Result<void> BlobBackup::finish(std::uint32_t number, std::span<const std::uint32_t> all) {
  TRY_LET(there, open_blobs(backups_));
  if (!there && names_.empty()) return {};
  TRY_LET(blobs, make_blobs(backups_));
  TRY(write_list(blobs, number, names_));
  std::set<BlobName> kept;
  for (const std::uint32_t one : all) {
    const auto listed = read_list(blobs, one);
    // Without its list, any blob here may be one of that backup.
    if (!listed || !*listed) return {};
    kept.insert((*listed)->begin(), (*listed)->end());
  }
  TRY_LET(names, names_below(blobs));
  for (const BlobName& name : names) {
    if (kept.contains(name)) continue;
    TRY_LET(folder, blob_file::open_folder(blobs.number(), name.user));
    if (folder) ::unlinkat(folder.number(), name.hash.c_str(), 0);
  }
  TRY_LET(folder, blob_file::open_folder(blobs.number(), lists));
  TRY_LET(numbers, blob_file::names_in(folder.number()));
  for (const std::string& name : numbers) {
    const auto is = [&name](std::uint32_t one) { return std::to_string(one) == name; };
    if (std::ranges::none_of(all, is)) ::unlinkat(folder.number(), name.c_str(), 0);
  }
  return {};
}

Result<std::set<BlobName>> blobs_of_backup(const std::string& backups, std::uint32_t number) {
  TRY_LET(blobs, open_blobs(backups));
  if (!blobs) return std::set<BlobName>();
  TRY_LET(listed, read_list(blobs, number));
  if (listed) return std::move(*listed);
  return names_below(blobs);
}

Result<void> verify_blobs(const std::string& backups, std::uint32_t number) {
  TRY_LET(names, blobs_of_backup(backups, number));
  for (const BlobName& name : names) {
    const auto checked = check_blob(backups, name);
    if (checked) continue;
    if (checked.error().kind != Kind::corrupt && checked.error().kind != Kind::not_found) {
      return std::unexpected(checked.error());
    }
    return fail(Kind::corrupt, codes::corrupt,
                "backup " + std::to_string(number) + " is damaged: " + checked.error().detail);
  }
  return {};
}

Result<void> restore_blobs(const std::string& backups, std::uint32_t number,
                           const std::string& store) {
  TRY_LET(names, blobs_of_backup(backups, number));
  if (names.empty()) return {};
  TRY_LET(from, open_blobs(backups));
  TRY_LET(to, make_blobs(store));
  for (const BlobName& name : names) {
    TRY_LET(copied, copy_blob(from, to, name));
    if (copied == 0) return damaged(name, "is missing");
  }
  return {};
}

Result<std::vector<BlobName>> salvage_blobs(const std::string& from, const std::string& to) {
  std::vector<BlobName> lost;
  TRY_LET(source, open_blobs(from));
  TRY_LET(names, names_below(source));
  if (names.empty()) return lost;
  TRY_LET(target, make_blobs(to));
  for (const BlobName& name : names) {
    const auto copied = copy_blob(source, target, name);
    if (copied) continue;
    if (copied.error().kind != Kind::corrupt) return std::unexpected(copied.error());
    lost.push_back(name);
  }
  return lost;
}

}  // namespace lockstep
