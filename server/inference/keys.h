// SPDX-License-Identifier: Apache-2.0
// keys.h: the keys of model servers, and all secrets that no text may show.
//
// A key is in a variable, which is read once, or in a file, which may change: tokens of an identity
// provider live an hour, and something outside renews them. The file is looked at when a run
// begins, and read again if it is another file or has other times or another size.
//
// A line end behind a key is common in files and in variables, and is cut off. A control character
// inside, or a character that is not ASCII, can't be sent in a header: such a key is refused by
// name, because a server would answer it with a 400 that says nothing.
//
// All agents share one ring of secrets, because one model server behind several of them may quote
// any. It learns new keys while the server runs, and still knows the last ones that a file had.
//
// Lives on: the engine strand.
#pragma once

#include <sys/stat.h>

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "server/inference/redactor.h"

namespace lockstep {

// The key without blanks and line ends around it. Fails with `missing_key` and a text that begins
// with `where`, if it is empty or can't be sent.
[[nodiscard]] Result<std::string> usable_key(std::string_view text, const std::string& where);

class KeyFile {
 public:
  explicit KeyFile(std::string path) : path_(std::move(path)) {}
  KeyFile(const KeyFile&) = delete;
  KeyFile& operator=(const KeyFile&) = delete;
  ~KeyFile() = default;

  [[nodiscard]] const std::string& path() const { return path_; }
  // The present key. Fails with `missing_key` and the path; a failure is not remembered.
  [[nodiscard]] Result<std::string> read();

 private:
  // Device, inode, size, and the times of the last changes.
  using Stamp = std::array<std::int64_t, 7>;

  std::string path_;
  std::optional<Stamp> read_at_;
  std::string key_;
};

class SecretRing {
 public:
  SecretRing() = default;
  SecretRing(const SecretRing&) = delete;
  SecretRing& operator=(const SecretRing&) = delete;
  ~SecretRing() = default;

  // A secret for as long as the ring lives.
  void add(const std::string& secret);
  // The present key of a file: the ring forgets the oldest of them when there are many.
  void learn(const std::string& path, const std::string& key);
  [[nodiscard]] const Redactor& redactor();

 private:
  std::vector<std::string> lasting_;
  std::map<std::string, std::deque<std::string>> learnt_;  // by path, the newest last
  std::optional<Redactor> redactor_;  // null: a secret was added since it was made
};

}  // namespace lockstep
