// SPDX-License-Identifier: Apache-2.0
#include "tools/base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <system_error>

#include "engine/base/codes.h"

namespace lockstep {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> failed(const std::string& path) {
  const int error = errno;
  const std::string why = path + ": " + std::system_category().message(error);
  if (error == ENOENT) return fail(Kind::not_found, codes::no_file, why);
  return fail(Kind::rejected, codes::disk, why);
}

// A file descriptor, closed at the end of its scope.
class Descriptor {
 public:
  explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
  ~Descriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return descriptor_; }

 private:
  int descriptor_;
};

Result<void> write_all(int file, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t written = ::write(file, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed(path);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(file) != 0) return failed(path);
  return {};
}

// The new file gets the owner, group and mode of the one whose place it takes, if there is one.
Result<void> keep_access(int file, const std::string& path) {
  struct stat former{};
  struct stat next{};
  if (::stat(path.c_str(), &former) != 0) return {};
  if (::fstat(file, &next) != 0) return failed(path);
  const bool same = former.st_uid == next.st_uid && former.st_gid == next.st_gid;
  if (!same && ::fchown(file, former.st_uid, former.st_gid) != 0) {
    return fail(Kind::rejected, codes::owner,
                path +
                    " belongs to another user or group, which this process can't keep: run the " +
                    "command as the owner of the file");
  }
  if (::fchmod(file, former.st_mode & (S_IRWXU | S_IRWXG | S_IRWXO)) != 0) return failed(path);
  return {};
}

}  // namespace

Result<void> check_is_regular(const std::string& path) {
  struct stat there{};
  if (::stat(path.c_str(), &there) != 0 || S_ISREG(there.st_mode)) return {};
  return fail(Kind::rejected, codes::no_regular_file,
              path + " is not a regular file, and was left as it is: name another file");
}

Result<std::string> read_file(const std::string& path) {
  struct stat there{};
  if (::stat(path.c_str(), &there) == 0 && S_ISDIR(there.st_mode)) {
    return fail(Kind::rejected, codes::no_regular_file, path + " is a folder: name a file");
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return failed(path);
  std::string content((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (file.bad()) return failed(path);
  return content;
}

Result<void> replace_file(const std::string& asked, std::string_view content) {
  std::error_code none;
  const fs::path whole = fs::canonical(asked, none);
  const std::string path = none ? asked : whole.string();
  if (auto regular = check_is_regular(path); !regular) return regular;
  const std::string next = path + ".new";
  // A writer that died may have left this file, with a mode that lets others read it.
  ::unlink(next.c_str());
  Result<void> written;
  {
    const Descriptor file(
        ::open(next.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
    if (file.get() < 0) return failed(next);
    written = keep_access(file.get(), path);
    if (written) written = write_all(file.get(), content, next);
  }
  if (written && ::rename(next.c_str(), path.c_str()) != 0) written = failed(path);
  if (!written) {
    ::unlink(next.c_str());
    return written;
  }
  std::string folder = fs::path(path).parent_path().string();
  if (folder.empty()) folder = ".";
  const Descriptor names(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (names.get() < 0 || ::fsync(names.get()) != 0) return failed(folder);
  return {};
}

Result<void> check_readable(const std::string& path) {
  if (path == "-") return {};
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return failed(path);
  struct stat about{};
  if (::fstat(file.get(), &about) != 0) return failed(path);
  if (!S_ISDIR(about.st_mode)) return {};
  errno = EISDIR;
  return failed(path);
}

Result<void> each_line(
    const std::string& path,
    const std::function<Result<void>(std::string_view line, std::uint64_t number)>& take) {
  std::ifstream file;
  if (path != "-") file.open(path, std::ios::binary);
  if (path != "-" && !file) return failed(path);
  std::istream& in = path == "-" ? std::cin : file;
  std::string line;
  for (std::uint64_t number = 1; std::getline(in, line); ++number) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (const auto taken = take(line, number); !taken) return taken;
  }
  if (in.bad()) return failed(path);
  return {};
}

}  // namespace lockstep
