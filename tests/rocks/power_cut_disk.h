// SPDX-License-Identifier: Apache-2.0
// power_cut_disk.h: files that lose every byte that was not flushed.
//
// A disk in memory, as strict as POSIX allows: an appended byte is safe only after a flush of its
// file, and a file's name (its creation, renaming or removal) only after a flush of its folder. The
// power fails inside a chosen operation: that operation fails, and so do all later ones. `power_on`
// then shows the safe bytes; with tearing, it also keeps a random piece of each file's waiting
// bytes.
//
// Folders themselves are safe at once: the database makes its own before it has anything to lose.
//
// Lives on: any thread, one operation at a time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/rocks/kv.h"
#include "tests/rocks/fixed_random.h"

namespace lockstep {

class PowerCutDisk {
 public:
  struct File {
    std::string bytes;
    std::string safe;
    std::size_t changed_from = 0;  // below it, `safe` is as `bytes`
  };
  using FileHandle = std::shared_ptr<File>;

  // --- For the test ------------------------------------------------------------------------------

  // The power fails inside the n-th change from now; 1: the next.
  void cut_at(std::uint64_t operations);
  void cut();
  enum class Tear { no, yes };
  void power_on(FixedRandom& random, Tear tear);
  [[nodiscard]] bool is_off();
  [[nodiscard]] std::uint64_t operations();  // changes so far

  // --- For the database; false, nullptr: the power is off, or the file is missing ----------------

  [[nodiscard]] FileHandle create(const std::string& path);
  [[nodiscard]] FileHandle open(const std::string& path);
  [[nodiscard]] bool append(File& file, std::string_view bytes);
  [[nodiscard]] bool overwrite(File& file, std::size_t at, std::string_view bytes);
  [[nodiscard]] bool truncate(File& file, std::size_t size);
  [[nodiscard]] bool flush(File& file);
  [[nodiscard]] bool flush_folder(const std::string& folder);
  [[nodiscard]] bool rename(const std::string& from, const std::string& to);
  [[nodiscard]] bool link(const std::string& from, const std::string& to);
  [[nodiscard]] bool remove(const std::string& path);
  void make_folder(const std::string& path);
  [[nodiscard]] bool is_folder(const std::string& path);
  [[nodiscard]] std::vector<std::string> names_in(const std::string& folder);
  // Copies at most `count` bytes from `at`.
  std::size_t read(const File& file, std::size_t at, std::size_t count, char* out);
  [[nodiscard]] std::size_t size(const File& file);

 private:
  using Names = std::map<std::string, FileHandle>;

  bool change();  // counts it; false if the power is gone

  std::mutex mutex_;
  Names names_;
  Names safe_names_;
  std::set<std::string> folders_;
  std::uint64_t operations_ = 0;
  std::uint64_t cut_at_ = 0;  // 0: not
  bool off_ = false;
};

// The witness, on that disk.
class PowerCutWitness : public CommitWitness {
 public:
  static constexpr const char* path = "/store/commits";

  explicit PowerCutWitness(PowerCutDisk& disk) : disk_(disk), file_(disk.open(path)) {}

  [[nodiscard]] Result<std::optional<CommitNumber>> read() const override;
  [[nodiscard]] Result<void> write(CommitNumber number) override;
  [[nodiscard]] Result<void> sync() override;

 private:
  PowerCutDisk& disk_;
  PowerCutDisk::FileHandle file_;  // nullptr: not made yet
};

}  // namespace lockstep
