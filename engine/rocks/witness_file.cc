// SPDX-License-Identifier: Apache-2.0
#include "engine/rocks/witness_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "engine/base/codes.h"
#include "engine/base/must.h"
#include "engine/base/try.h"
#include "engine/rocks/crc32c.h"
#include "engine/rocks/limits.h"
#include "engine/rocks/rocks_keys.h"
#include "engine/rocks/store_folder.h"

namespace lockstep {
namespace {

constexpr std::size_t number_bytes = 8;
static_assert(witness_bytes == number_bytes + sizeof(std::uint32_t));
static_assert(witness_bytes <= limits::witness_slot_bytes, "the two places don't overlap");

std::unexpected<Error> failed(const std::string& what, int error) {
  return fail(Kind::unavailable, codes::disk, what + ": " + std::system_category().message(error));
}

Result<void> sync_path(const std::string& path, int flags) {
  int file = ::open(path.c_str(), O_RDONLY | flags | O_CLOEXEC);
  if (file < 0) return failed(path, errno);
  int result = ::fsync(file);
  int error = errno;
  ::close(file);
  if (result != 0) return failed(path, error);
  return {};
}

}  // namespace

std::string encode_witness(CommitNumber number) {
  std::string out = encode_number(number.get());
  std::uint32_t sum = crc32c(out);
  for (std::size_t i = number_bytes; i < witness_bytes; ++i) {
    out.push_back(static_cast<char>(sum >> (8 * (i - number_bytes)) & 0xff));
  }
  MUST(out.size() == witness_bytes);
  return out;
}

std::optional<CommitNumber> decode_witness(std::string_view bytes) {
  if (bytes.size() != witness_bytes) return std::nullopt;
  CommitNumber number(*decode_number(bytes.substr(0, number_bytes)));
  if (encode_witness(number) != bytes) return std::nullopt;
  return number;
}

std::size_t witness_place(CommitNumber number) {
  return number.get() % 2 * limits::witness_slot_bytes;
}

Result<std::optional<CommitNumber>> read_witnesses(std::string_view file) {
  // A new store flushes its first number before it acknowledges anything. So a shorter file is from
  // a start that died, and there is no commit that it could witness.
  if (file.size() < witness_bytes) return std::nullopt;
  std::optional<CommitNumber> greatest;
  for (std::size_t place = 0; place < file.size(); place += limits::witness_slot_bytes) {
    auto number = decode_witness(file.substr(place, witness_bytes));
    if (number && (!greatest || *number > *greatest)) greatest = number;
  }
  if (!greatest)
    return fail(Kind::corrupt, codes::corrupt, "the side file `commits` can't be read");
  return greatest;
}

Result<void> sync_folder(const std::string& path) { return sync_path(path, O_DIRECTORY); }

Result<void> sync_files(const std::string& path) {
  std::error_code error;
  std::filesystem::directory_iterator it(path, error);
  for (; !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
    if (auto synced = sync_path(it->path().string(), 0); !synced) return synced;
  }
  if (error) return failed(path, error.value());
  return sync_folder(path);
}

Result<std::unique_ptr<WitnessFile>> WitnessFile::open(const std::string& path, Mode mode) {
  bool writes = mode == Mode::read_write;
  int flags = writes ? O_RDWR | O_CREAT : O_RDONLY;
  int file = ::open(path.c_str(), flags | O_CLOEXEC, store_folder::file_mode);
  if (file < 0 && (writes || errno != ENOENT)) return failed(path, errno);
  std::unique_ptr<WitnessFile> witness(new WitnessFile(file));
  if (writes) {
    TRY(sync_folder(std::filesystem::path(path).parent_path().string()));
  } else if (file >= 0) {
    auto bytes = witness->bytes();
    ::close(std::exchange(witness->file_, -1));
    if (!bytes) return std::unexpected(bytes.error());
    witness->read_at_open_ = std::move(*bytes);
  }
  return witness;
}

WitnessFile::~WitnessFile() {
  if (file_ >= 0) ::close(file_);
}

Result<std::string> WitnessFile::bytes() const {
  std::string bytes(limits::witness_slot_bytes + witness_bytes, '\0');
  ssize_t size = ::pread(file_, bytes.data(), bytes.size(), 0);
  if (size < 0) return failed("the side file can't be read", errno);
  bytes.resize(static_cast<std::size_t>(size));
  return bytes;
}

Result<std::optional<CommitNumber>> WitnessFile::read() const {
  if (file_ < 0) return read_witnesses(read_at_open_);
  TRY_LET(now, bytes());
  return read_witnesses(now);
}

Result<void> WitnessFile::write(CommitNumber number) {
  MUST(file_ >= 0);  // opened for writing
  std::string bytes = encode_witness(number);
  ssize_t written =
      ::pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(witness_place(number)));
  if (written < 0) return failed("the side file can't be written", errno);
  if (static_cast<std::size_t>(written) != bytes.size()) {
    return fail(Kind::unavailable, codes::disk, "the side file was written in part");
  }
  return {};
}

Result<void> WitnessFile::sync() {
  MUST(file_ >= 0);
  if (::fdatasync(file_) != 0) return failed("the side file can't be flushed", errno);
  return {};
}

}  // namespace lockstep
