// SPDX-License-Identifier: Apache-2.0
#include "server/inference/keys.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "engine/base/codes.h"
#include "engine/base/try.h"
#include "server/inference/limits.h"

namespace lockstep {
namespace {

std::unexpected<Error> no_key(const std::string& where, const std::string& why) {
  return fail(Kind::rejected, codes::missing_key, where + " " + why);
}

std::string words_of(int error) { return std::system_category().message(error); }

// Closes the file at the end of the scope.
struct OpenFile {
  explicit OpenFile(const std::string& path)
      : handle(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~OpenFile() {
    if (handle >= 0) ::close(handle);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int handle;
};

Result<std::string> content_of(int handle, const std::string& where) {
  std::string content(limits::key_bytes_max + 1, '\0');
  std::size_t size = 0;
  while (size < content.size()) {
    const ssize_t got = ::read(handle, content.data() + size, content.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return no_key(where, "can't be read: " + words_of(errno));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size == content.size()) {
    return no_key(where, "has more than " + std::to_string(limits::key_bytes_max) +
                             " bytes: leave only the key in it");
  }
  content.resize(size);
  return content;
}

}  // namespace

Result<std::string> usable_key(std::string_view text, const std::string& where) {
  constexpr std::string_view around = " \t\r\n";
  const std::size_t first = text.find_first_not_of(around);
  if (first == std::string_view::npos) return no_key(where, "is empty: put the key into it");
  const std::string_view key = text.substr(first, text.find_last_not_of(around) + 1 - first);
  const auto cannot_go = [](char c) { return c < ' ' || c > '~'; };
  if (std::ranges::any_of(key, cannot_go)) {
    return no_key(where,
                  "has a line end, another control character or a character that is not ASCII "
                  "inside the key: write the key alone, in one line");
  }
  return std::string(key);
}

Result<std::string> KeyFile::read() {
  const std::string where = "The file of the agent's API key, " + path_ + ",";
  const OpenFile file(path_);
  struct stat is{};
  if (file.handle < 0 || ::fstat(file.handle, &is) != 0) {
    read_at_.reset();
    return no_key(where, "can't be read: " + words_of(errno) +
                             ": write the key into it, or correct `api_key_file`");
  }
  if (!S_ISREG(is.st_mode)) return no_key(where, "is no regular file: correct `api_key_file`");
  const Stamp now{static_cast<std::int64_t>(is.st_dev),
                  static_cast<std::int64_t>(is.st_ino),
                  is.st_size,
                  is.st_mtim.tv_sec,
                  is.st_mtim.tv_nsec,
                  is.st_ctim.tv_sec,
                  is.st_ctim.tv_nsec};
  if (read_at_ == now) return key_;
  read_at_.reset();
  TRY_LET(content, content_of(file.handle, where));
  TRY_LET(key, usable_key(content, where));
  key_ = key;
  read_at_ = now;
  return key_;
}

void SecretRing::add(const std::string& secret) {
  if (secret.empty() || std::ranges::find(lasting_, secret) != lasting_.end()) return;
  lasting_.push_back(secret);
  redactor_.reset();
}

void SecretRing::learn(const std::string& path, const std::string& key) {
  std::deque<std::string>& keys = learnt_[path];
  if (std::ranges::find(keys, key) != keys.end()) return;
  keys.push_back(key);
  if (keys.size() > limits::former_keys_max) keys.pop_front();
  redactor_.reset();
}

const Redactor& SecretRing::redactor() {
  if (!redactor_) {
    std::vector<std::string> all = lasting_;
    for (const auto& [path, keys] : learnt_) all.insert(all.end(), keys.begin(), keys.end());
    redactor_.emplace(all);
  }
  return *redactor_;
}

}  // namespace lockstep
