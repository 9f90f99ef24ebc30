// SPDX-License-Identifier: Apache-2.0
// faulty_disk.cc: makes the disk fail under the unchanged binary.
//
// A shared object for LD_PRELOAD. It replaces the calls that write, flush, grow and rename files
// below the folder LOCKSTEP_FAULTY_FOLDER; calls for other files pass through. The file
// LOCKSTEP_FAULTY_CONTROL names the fault. Each call reads it, so a test switches faults on and off
// in a running process:
//
//   space N            the next N bytes find room, then there is none (ENOSPC)
//   short NAME         each write to a file with NAME in its path takes half, at least a byte
//   write_fails NAME   each write to it fails with EIO
//   sync_fails NAME    each flush of it fails with EIO
//   sync_slow MS       each flush takes so many milliseconds more
//
// The file has one line; with any other content, or without the file, the disk works.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

constexpr std::size_t text_max = 4096;

// The call of the C library that ours replaces.
template <class Call>
Call real(const char* name) {
  return reinterpret_cast<Call>(::dlsym(RTLD_NEXT, name));
}

struct Fault {
  std::array<char, 32> kind{};
  std::array<char, 256> argument{};
  [[nodiscard]] bool is(const char* name) const { return std::strcmp(kind.data(), name) == 0; }
  [[nodiscard]] long number() const { return std::atol(argument.data()); }
};

Fault fault_now() {
  Fault fault;
  const char* control = std::getenv("LOCKSTEP_FAULTY_CONTROL");
  const int file = control == nullptr ? -1 : ::open(control, O_RDONLY | O_CLOEXEC);
  if (file < 0) return fault;
  std::array<char, 256> line{};
  const ssize_t size = ::read(file, line.data(), line.size() - 1);
  ::close(file);
  if (size > 0) std::sscanf(line.data(), "%31s %255s", fault.kind.data(), fault.argument.data());
  return fault;
}

bool is_ours(const char* path) {
  const char* folder = std::getenv("LOCKSTEP_FAULTY_FOLDER");
  return folder != nullptr && std::strncmp(path, folder, std::strlen(folder)) == 0;
}

// The path of an open file; empty if the file is not below our folder.
struct Path {
  std::array<char, text_max> text{};
  explicit Path(int file) {
    std::array<char, 64> link{};
    std::snprintf(link.data(), link.size(), "/proc/self/fd/%d", file);
    if (::readlink(link.data(), text.data(), text.size() - 1) < 0 || !is_ours(text.data())) {
      text[0] = '\0';
    }
  }
  [[nodiscard]] bool ours() const { return text[0] != '\0'; }
  [[nodiscard]] bool named(const Fault& fault) const {
    return std::strstr(text.data(), fault.argument.data()) != nullptr;
  }
};

// Takes room for so many bytes. The room that was granted counts from the moment when the fault was
// switched on.
bool has_room(const Fault& fault, std::size_t bytes) {
  static std::atomic<long> taken = 0;
  if (!fault.is("space")) {
    taken = 0;
    return true;
  }
  return taken.fetch_add(static_cast<long>(bytes)) + static_cast<long>(bytes) <= fault.number();
}

// How many of these bytes the disk takes; with errno set, none.
ssize_t room_for(int file, std::size_t bytes) {
  const Path path(file);
  if (!path.ours()) return static_cast<ssize_t>(bytes);
  const Fault fault = fault_now();
  if (fault.is("write_fails") && path.named(fault)) {
    errno = EIO;
    return -1;
  }
  if (!has_room(fault, bytes)) {
    errno = ENOSPC;
    return -1;
  }
  if (fault.is("short") && path.named(fault) && bytes > 1) return static_cast<ssize_t>(bytes / 2);
  return static_cast<ssize_t>(bytes);
}

// May this file be flushed?
bool may_sync(int file) {
  const Path path(file);
  if (!path.ours()) return true;
  const Fault fault = fault_now();
  if (fault.is("sync_slow")) {
    const long milliseconds = fault.number();
    const timespec time{milliseconds / 1000, milliseconds % 1000 * 1'000'000};
    ::nanosleep(&time, nullptr);
  }
  if (!fault.is("sync_fails") || !path.named(fault)) return true;
  errno = EIO;
  return false;
}

bool may_grow(int file, off_t bytes) {
  const Path path(file);
  if (!path.ours() || has_room(fault_now(), static_cast<std::size_t>(bytes))) return true;
  errno = ENOSPC;
  return false;
}

std::size_t sum(const iovec* pieces, int count) {
  std::size_t bytes = 0;
  for (int piece = 0; piece < count; ++piece) bytes += pieces[piece].iov_len;
  return bytes;
}

}  // namespace

extern "C" {

ssize_t write(int file, const void* bytes, size_t size) {
  static const auto call = real<ssize_t (*)(int, const void*, size_t)>("write");
  const ssize_t taken = room_for(file, size);
  return taken < 0 ? -1 : call(file, bytes, static_cast<size_t>(taken));
}

ssize_t pwrite(int file, const void* bytes, size_t size, off_t at) {
  static const auto call = real<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
  const ssize_t taken = room_for(file, size);
  return taken < 0 ? -1 : call(file, bytes, static_cast<size_t>(taken), at);
}
ssize_t pwrite64(int file, const void* bytes, size_t size, off64_t at) {
  return pwrite(file, bytes, size, at);
}

// Writes all pieces or no byte, so that a refused write takes no room.
ssize_t writev(int file, const iovec* pieces, int count) {
  static const auto call = real<ssize_t (*)(int, const iovec*, int)>("writev");
  return room_for(file, sum(pieces, count)) < 0 ? -1 : call(file, pieces, count);
}
ssize_t pwritev(int file, const iovec* pieces, int count, off_t at) {
  static const auto call = real<ssize_t (*)(int, const iovec*, int, off_t)>("pwritev");
  return room_for(file, sum(pieces, count)) < 0 ? -1 : call(file, pieces, count, at);
}

int fsync(int file) {
  static const auto call = real<int (*)(int)>("fsync");
  return may_sync(file) ? call(file) : -1;
}
int fdatasync(int file) {
  static const auto call = real<int (*)(int)>("fdatasync");
  return may_sync(file) ? call(file) : -1;
}
int sync_file_range(int file, off64_t from, off64_t bytes, unsigned flags) {
  static const auto call = real<int (*)(int, off64_t, off64_t, unsigned)>("sync_file_range");
  return may_sync(file) ? call(file, from, bytes, flags) : -1;
}

// Room that is only reserved is not counted: it is taken by the write.
int fallocate(int file, int mode, off_t from, off_t bytes) {
  static const auto call = real<int (*)(int, int, off_t, off_t)>("fallocate");
  return may_grow(file, 0) ? call(file, mode, from, bytes) : -1;
}
int fallocate64(int file, int mode, off64_t from, off64_t bytes) {
  return fallocate(file, mode, from, bytes);
}
int ftruncate(int file, off_t size) {
  static const auto call = real<int (*)(int, off_t)>("ftruncate");
  return may_grow(file, 0) ? call(file, size) : -1;
}
int ftruncate64(int file, off64_t size) { return ftruncate(file, size); }

// Reports the little room that the disk has.
int statvfs(const char* path, struct statvfs* about) {
  static const auto call = real<int (*)(const char*, struct statvfs*)>("statvfs");
  const int result = call(path, about);
  const Fault fault = fault_now();
  if (result != 0 || !is_ours(path) || !fault.is("space")) return result;
  about->f_bavail = about->f_bfree = static_cast<fsblkcnt_t>(fault.number()) / about->f_frsize;
  return result;
}

int rename(const char* from, const char* to) {
  static const auto call = real<int (*)(const char*, const char*)>("rename");
  const Fault fault = is_ours(to) ? fault_now() : Fault();
  if (fault.is("write_fails") && std::strstr(to, fault.argument.data()) != nullptr) {
    errno = EIO;
    return -1;
  }
  return call(from, to);
}
}
