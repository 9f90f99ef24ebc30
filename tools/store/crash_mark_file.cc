// SPDX-License-Identifier: Apache-2.0
#include "tools/store/crash_mark_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "engine/base/codes.h"
#include "engine/rocks/crc32c.h"
#include "engine/rocks/store_folder.h"
#include "engine/store/keys.h"

namespace lockstep {
namespace {

constexpr std::size_t number_bytes = 8;
constexpr std::size_t sum_bytes = 4;

std::string path_in(const std::string& data) {
  return store_folder::path(data, store_folder::crash_mark);
}

std::string encode_crash_mark(ThreadNumber thread) {
  std::string bytes = keys::encode_number(thread.get());
  const std::uint32_t sum = crc32c(bytes);
  for (std::size_t i = 0; i < sum_bytes; ++i) {
    bytes.push_back(static_cast<char>(sum >> (8 * i) & 0xff));
  }
  return bytes;
}

Result<std::string> bytes_of(int file, const std::string& path) {
  std::string bytes(number_bytes + sum_bytes + 1, '\0');  // one more, to see a file too long
  const ssize_t size = ::pread(file, bytes.data(), bytes.size(), 0);
  if (size < 0) {
    return fail(Kind::unavailable, codes::disk,
                path + ": " + std::system_category().message(errno));
  }
  bytes.resize(static_cast<std::size_t>(size));
  return bytes;
}

}  // namespace

Result<std::optional<ThreadNumber>> read_crash_mark(std::string_view file) {
  if (file.empty()) return std::nullopt;
  const auto number = keys::decode_number(file.substr(0, number_bytes));
  const bool known =
      number && (file.size() == number_bytes || file == encode_crash_mark(ThreadNumber(*number)));
  if (!known) return fail(Kind::corrupt, codes::corrupt, "the file `opening` is damaged");
  return *number == 0 ? std::nullopt : std::optional(ThreadNumber(*number));
}

Result<std::optional<ThreadNumber>> read_crash_mark_in(const std::string& data) {
  const std::string path = path_in(data);
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0 && errno == ENOENT) return std::nullopt;
  if (file < 0) {
    return fail(Kind::unavailable, codes::disk,
                path + ": " + std::system_category().message(errno));
  }
  const auto bytes = bytes_of(file, path);
  ::close(file);
  if (!bytes) return std::unexpected(bytes.error());
  return read_crash_mark(*bytes);
}

Result<std::unique_ptr<CrashMarkFile>> CrashMarkFile::open(const std::string& data) {
  const std::string path = path_in(data);
  const int file =
      ::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, store_folder::file_mode);
  if (file < 0) {
    return fail(Kind::unavailable, codes::disk,
                path + ": " + std::system_category().message(errno));
  }
  return std::unique_ptr<CrashMarkFile>(new CrashMarkFile(file));
}

CrashMarkFile::CrashMarkFile(int file) : file_(file) {
  const auto bytes = bytes_of(file, "opening");
  const auto found = bytes ? read_crash_mark(*bytes) : std::nullopt;
  if (found) found_ = *found;
}

CrashMarkFile::~CrashMarkFile() { ::close(file_); }

void CrashMarkFile::write(ThreadNumber thread) {
  const std::string bytes = encode_crash_mark(thread);
  // If this write fails, a bad thread may crash one more start: no reason to refuse to open it.
  [[maybe_unused]] const ssize_t size = ::pwrite(file_, bytes.data(), bytes.size(), 0);
}

}  // namespace lockstep
