// SPDX-License-Identifier: Apache-2.0
#include "engine/files/blob_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <memory>
#include <system_error>

#include "engine/base/codes.h"
#include "engine/base/limits.h"
#include "engine/base/must.h"
#include "engine/base/try.h"
#include "engine/rules/digest.h"

namespace lockstep::blob_file {
namespace {

constexpr std::string_view first_line = "lockstep blob 1\n";
constexpr std::string_view user_word = "user ";
constexpr std::string_view type_word = "type ";
constexpr std::string_view bytes_word = "bytes ";
constexpr std::string_view seal_word = "seal ";
constexpr std::size_t seal_digits = 16;
static_assert(limits::id_bytes_max + limits::media_type_bytes_max + limits::blob_head_words <=
              head_bytes);

// The permissions before the process's umask: the group may read, as in the rest of a store.
constexpr mode_t folder_mode = 0750;
constexpr std::uint64_t second_us = 1'000'000;
constexpr std::uint64_t microsecond_ns = 1000;

std::string seal_of(std::string_view lines, const BlobHash& hash) {
  return to_hex(sha256(hash.text() + std::string(lines))).substr(0, seal_digits);
}

// Takes the value of a line `WORD VALUE`; nothing if the line is another.
std::optional<std::string_view> take_line(std::string_view& rest, std::string_view word) {
  const std::size_t end = rest.find('\n');
  if (!rest.starts_with(word) || end == std::string_view::npos) return std::nullopt;
  const std::string_view value = rest.substr(word.size(), end - word.size());
  rest.remove_prefix(end + 1);
  return value;
}

Timestamp time_of(const timespec& time) {
  return Timestamp(static_cast<std::uint64_t>(time.tv_sec) * second_us +
                   static_cast<std::uint64_t>(time.tv_nsec) / microsecond_ns);
}

std::optional<Stat> stat_of_regular(const struct stat& is) {
  if (!S_ISREG(is.st_mode)) return std::nullopt;
  return Stat{static_cast<std::uint64_t>(is.st_size), time_of(is.st_mtim)};
}

timespec time_of(Timestamp at) {
  timespec time{};
  time.tv_sec = static_cast<time_t>(at.get() / second_us);
  time.tv_nsec = static_cast<long>(at.get() % second_us * microsecond_ns);
  return time;
}

}  // namespace

std::string encode(const Head& head, const BlobHash& hash) {
  std::string bytes(first_line);
  bytes.append(user_word).append(head.user.get()).append("\n");
  bytes.append(type_word).append(head.facts.media_type).append("\n");
  bytes.append(bytes_word).append(std::to_string(head.facts.bytes)).append("\n");
  const std::string seal = seal_of(bytes, hash);
  bytes.append(seal_word).append(seal).append("\n");
  MUST(bytes.size() <= head_bytes);
  bytes.resize(head_bytes, ' ');
  return bytes;
}

std::optional<Head> decode(std::string_view bytes, const BlobHash& hash) {
  if (bytes.size() != head_bytes || !bytes.starts_with(first_line)) return std::nullopt;
  std::string_view rest = bytes.substr(first_line.size());
  const auto user = take_line(rest, user_word);
  const auto type = user ? take_line(rest, type_word) : std::nullopt;
  const auto size = type ? take_line(rest, bytes_word) : std::nullopt;
  const std::string_view sealed = bytes.substr(0, bytes.size() - rest.size());
  const auto seal = size ? take_line(rest, seal_word) : std::nullopt;
  if (!seal || *seal != seal_of(sealed, hash)) return std::nullopt;
  Head head{UserId(std::string(*user)), {0, std::string(*type)}};
  const auto [end, error] =
      std::from_chars(size->data(), size->data() + size->size(), head.facts.bytes);
  if (error != std::errc() || end != size->data() + size->size()) return std::nullopt;
  return head;
}

std::string name_of(const UserId& user) { return to_hex(sha256(user.get())); }
std::string name_of(const BlobHash& hash) { return to_hex(hash.bytes()); }

Handle::~Handle() {
  if (number_ >= 0) ::close(number_);
}

std::unexpected<Error> failed(const std::string& what, int error) {
  const std::string detail = what + ": " + std::system_category().message(error);
  if (error == ENOSPC || error == EDQUOT) {
    return fail(Kind::unavailable, codes::no_space, detail);
  }
  return fail(Kind::unavailable, codes::disk, detail);
}

Result<Handle> open_folder(int parent, const std::string& name) {
  Handle handle(::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!handle && errno != ENOENT) return failed(name, errno);
  return handle;
}

Result<Handle> make_folder(int parent, const std::string& name) {
  TRY_LET(there, open_folder(parent, name));
  if (there) return std::move(there);
  if (::mkdirat(parent, name.c_str(), folder_mode) != 0 && errno != EEXIST) {
    return failed(name, errno);
  }
  TRY(sync(parent));
  TRY_LET(made, open_folder(parent, name));
  if (!made) return failed(name, ENOENT);
  return std::move(made);
}

Result<std::vector<std::string>> names_in(int folder) {
  const int copy = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (copy < 0) return failed("a folder of blobs", errno);
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(copy), &::closedir);
  if (!entries) {
    ::close(copy);
    return failed("a folder of blobs", errno);
  }
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(entries.get())) {
    const std::string_view name(entry->d_name);
    if (name != "." && name != "..") names.emplace_back(name);
    errno = 0;
  }
  if (errno != 0) return failed("a folder of blobs", errno);
  return names;
}

std::optional<Stat> stat_of(int folder, const std::string& name) {
  struct stat is{};
  if (::fstatat(folder, name.c_str(), &is, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
  return stat_of_regular(is);
}

std::optional<Stat> stat_of(const Handle& file) {
  struct stat is{};
  if (::fstat(file.number(), &is) != 0) return std::nullopt;
  return stat_of_regular(is);
}

Result<Handle> open_file(int folder, const std::string& name) {
  // Without O_NONBLOCK a pipe of that name would block.
  Handle handle(::openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!handle && errno != ENOENT && errno != ELOOP) return failed(name, errno);
  struct stat is{};
  if (!handle || ::fstat(handle.number(), &is) != 0 || !S_ISREG(is.st_mode)) return Handle();
  return handle;
}

Result<std::string> read_at(int file, std::uint64_t from, std::size_t bytes) {
  std::string text(bytes, '\0');
  std::size_t done = 0;
  while (done < bytes) {
    const ssize_t count =
        ::pread(file, text.data() + done, bytes - done, static_cast<off_t>(from + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed("a blob", errno);
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  text.resize(done);
  return text;
}

Result<void> write_at(int file, std::uint64_t at, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed("a blob", errno);
    bytes.remove_prefix(static_cast<std::size_t>(count));
    at += static_cast<std::uint64_t>(count);
  }
  return {};
}

Result<void> finish_file(int file, Timestamp changed) {
  const std::array<timespec, 2> times{time_of(changed), time_of(changed)};
  if (::futimens(file, times.data()) != 0) return failed("a blob", errno);
  return sync(file);
}

Result<void> sync(int number) {
  if (::fsync(number) != 0) return failed("a flush of blobs", errno);
  return {};
}

void begin_to_write(int file, std::uint64_t from, std::uint64_t bytes) {
#ifdef SYNC_FILE_RANGE_WRITE
  // A hint: the flush at the end reports a failure.
  (void)::sync_file_range(file, static_cast<off_t>(from), static_cast<off_t>(bytes),
                          SYNC_FILE_RANGE_WRITE);
#else
  (void)file, (void)from, (void)bytes;
#endif
}

}  // namespace lockstep::blob_file
