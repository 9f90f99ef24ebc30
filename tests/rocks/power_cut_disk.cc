// SPDX-License-Identifier: Apache-2.0
#include "tests/rocks/power_cut_disk.h"

#include <algorithm>
#include <cstring>

#include "engine/base/codes.h"
#include "engine/rocks/witness_file.h"

namespace lockstep {
namespace {

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

}  // namespace

void PowerCutDisk::cut_at(std::uint64_t operations) {
  std::lock_guard lock(mutex_);
  cut_at_ = operations_ + operations;
}

void PowerCutDisk::cut() {
  std::lock_guard lock(mutex_);
  off_ = true;
}

bool PowerCutDisk::is_off() {
  std::lock_guard lock(mutex_);
  return off_;
}

std::uint64_t PowerCutDisk::operations() {
  std::lock_guard lock(mutex_);
  return operations_;
}

void PowerCutDisk::power_on(FixedRandom& random, Tear tear) {
  std::lock_guard lock(mutex_);
  names_ = safe_names_;
  for (auto& [name, file] : names_) {
    std::string kept = file->safe;
    bool grew = file->bytes.size() > file->safe.size() && file->changed_from == file->safe.size();
    if (tear == Tear::yes && grew) {
      std::size_t waiting = file->bytes.size() - file->safe.size();
      kept += file->bytes.substr(file->safe.size(), random.below(waiting + 1));
    }
    // A new object: all holders of the old one died with the power.
    file = std::make_shared<File>(File{kept, kept, kept.size()});
  }
  safe_names_ = names_;
  cut_at_ = 0;
  off_ = false;
}

bool PowerCutDisk::change() {
  ++operations_;
  if (operations_ == cut_at_) off_ = true;
  return !off_;
}

PowerCutDisk::FileHandle PowerCutDisk::create(const std::string& path) {
  std::lock_guard lock(mutex_);
  if (!change()) return nullptr;
  return names_[path] = std::make_shared<File>();
}

PowerCutDisk::FileHandle PowerCutDisk::open(const std::string& path) {
  std::lock_guard lock(mutex_);
  auto it = names_.find(path);
  return it == names_.end() ? nullptr : it->second;
}

bool PowerCutDisk::append(File& file, std::string_view bytes) {
  std::lock_guard lock(mutex_);
  bool works = change();
  // The bytes of the last write may reach the disk in part: `power_on` may keep a piece of them.
  file.bytes += bytes;
  return works;
}

bool PowerCutDisk::overwrite(File& file, std::size_t at, std::string_view bytes) {
  std::lock_guard lock(mutex_);
  if (!change()) return false;
  if (file.bytes.size() < at + bytes.size()) file.bytes.resize(at + bytes.size());
  file.bytes.replace(at, bytes.size(), bytes);
  file.changed_from = std::min(file.changed_from, at);
  return true;
}

bool PowerCutDisk::truncate(File& file, std::size_t size) {
  std::lock_guard lock(mutex_);
  if (!change()) return false;
  file.bytes.resize(size);
  file.changed_from = std::min(file.changed_from, size);
  return true;
}

bool PowerCutDisk::flush(File& file) {
  std::lock_guard lock(mutex_);
  if (!change()) return false;
  file.safe.resize(std::min(file.changed_from, file.safe.size()));
  file.safe.append(file.bytes, file.safe.size());
  file.changed_from = file.bytes.size();
  return true;
}

bool PowerCutDisk::flush_folder(const std::string& folder) {
  std::lock_guard lock(mutex_);
  if (!change()) return false;
  auto inside = [&folder](const auto& name) { return folder_of(name.first) == folder; };
  std::erase_if(safe_names_, inside);
  std::ranges::copy_if(names_, std::inserter(safe_names_, safe_names_.end()), inside);
  return true;
}

bool PowerCutDisk::rename(const std::string& from, const std::string& to) {
  std::lock_guard lock(mutex_);
  auto it = names_.find(from);
  if (!change() || it == names_.end()) return false;
  names_[to] = it->second;
  names_.erase(from);
  return true;
}

bool PowerCutDisk::link(const std::string& from, const std::string& to) {
  std::lock_guard lock(mutex_);
  auto it = names_.find(from);
  if (!change() || it == names_.end()) return false;
  names_[to] = it->second;
  return true;
}

bool PowerCutDisk::remove(const std::string& path) {
  std::lock_guard lock(mutex_);
  return change() && names_.erase(path) > 0;
}

void PowerCutDisk::make_folder(const std::string& path) {
  std::lock_guard lock(mutex_);
  folders_.insert(path);
}

bool PowerCutDisk::is_folder(const std::string& path) {
  std::lock_guard lock(mutex_);
  return folders_.contains(path);
}

std::vector<std::string> PowerCutDisk::names_in(const std::string& folder) {
  std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [path, file] : names_) {
    if (folder_of(path) == folder) names.push_back(path.substr(folder.size() + 1));
  }
  return names;
}

std::size_t PowerCutDisk::read(const File& file, std::size_t at, std::size_t count, char* out) {
  std::lock_guard lock(mutex_);
  if (at >= file.bytes.size()) return 0;
  count = std::min(count, file.bytes.size() - at);
  std::memcpy(out, file.bytes.data() + at, count);
  return count;
}

std::size_t PowerCutDisk::size(const File& file) {
  std::lock_guard lock(mutex_);
  return file.bytes.size();
}

namespace {

std::unexpected<Error> no_power() {
  return fail(Kind::unavailable, codes::disk, "the power is gone");
}

}  // namespace

Result<std::optional<CommitNumber>> PowerCutWitness::read() const {
  if (file_ == nullptr) return std::nullopt;
  std::string bytes(disk_.size(*file_), '\0');
  disk_.read(*file_, 0, bytes.size(), bytes.data());
  return read_witnesses(bytes);
}

Result<void> PowerCutWitness::write(CommitNumber number) {
  if (file_ == nullptr) {
    file_ = disk_.create(path);
    if (file_ == nullptr || !disk_.flush_folder(folder_of(path))) return no_power();
  }
  if (!disk_.overwrite(*file_, witness_place(number), encode_witness(number))) return no_power();
  return {};
}

Result<void> PowerCutWitness::sync() {
  if (!disk_.flush(*file_)) return no_power();
  return {};
}

}  // namespace lockstep
