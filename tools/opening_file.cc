#include "tools/opening_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "engine/keys.h"
#include "engine/rocks/store_folder.h"

namespace lockstep {

Result<std::unique_ptr<OpeningFile>> OpeningFile::open(const std::string& data) {
  const std::string path = store_folder::path(data, store_folder::opening);
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, store_folder::file_mode);
  if (file < 0) {
    return fail(Kind::unavailable, "disk", path + ": " + std::system_category().message(errno));
  }
  return std::unique_ptr<OpeningFile>(new OpeningFile(file));
}

OpeningFile::OpeningFile(int file) : file_(file) {
  std::array<char, 8> bytes{};
  const ssize_t size = ::pread(file_, bytes.data(), bytes.size(), 0);
  if (size != static_cast<ssize_t>(bytes.size())) return;
  const auto number = keys::decode_number({bytes.data(), bytes.size()});
  if (number && *number != 0) found_ = ThreadNumber(*number);
}

OpeningFile::~OpeningFile() { ::close(file_); }

void OpeningFile::write(ThreadNumber thread) {
  const std::string bytes = keys::encode_number(thread.get());
  // If this fails a bad thread may bring down one more start: no reason to refuse to open it.
  [[maybe_unused]] const ssize_t size = ::pwrite(file_, bytes.data(), bytes.size(), 0);
}

}  // namespace lockstep
