// SPDX-License-Identifier: Apache-2.0
#include "tests/damage/damages.h"

#include <algorithm>
#include <array>
#include <random>
#include <utility>

#include "engine/base/must.h"

namespace lockstep::damage {
namespace {

constexpr std::size_t sector_bytes = 512;

void zero(std::string& bytes, std::size_t from) {
  const std::size_t to = std::min(bytes.size(), from + sector_bytes);
  std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(std::min(from, to)),
            bytes.begin() + static_cast<std::ptrdiff_t>(to), '\0');
}

void add_single(const std::string& path, std::vector<Damage>& all) {
  all.push_back({"missing", path, [path](Image& image) { image.erase(path); }});
  all.push_back({"empty", path, [path](Image& image) { image[path].clear(); }});
  all.push_back(
      {"halved", path, [path](Image& image) { image[path].resize(image[path].size() / 2); }});
  all.push_back({"last byte gone", path, [path](Image& image) {
                   if (!image[path].empty()) image[path].pop_back();
                 }});
  all.push_back(
      {"sector zeroed", path + ", the first", [path](Image& image) { zero(image[path], 0); }});
  all.push_back({"sector zeroed", path + ", the middle", [path](Image& image) {
                   zero(image[path], image[path].size() / 2 / sector_bytes * sector_bytes);
                 }});
  all.push_back({"zeros behind", path,
                 [path](Image& image) { image[path] += std::string(sector_bytes, '\0'); }});
}

void add_older(const BaseStore& base, std::vector<Damage>& all) {
  Image older;
  for (const auto& [path, bytes] : base.older) {
    const auto now = base.image.find(path);
    if (now != base.image.end() && now->second == bytes) continue;
    all.push_back({"older put back", path,
                   [path = path, bytes = bytes](Image& image) { image[path] = bytes; }});
    older[path] = bytes;
  }
  // All write-ahead logs, all of the manifest, the whole database: an older copy under newer files.
  for (const FileKind kind : {FileKind::wal, FileKind::sst, FileKind::manifest}) {
    all.push_back({"older put back", "every " + std::string(name_of(kind)),
                   [kind, older = base.older](Image& image) {
                     std::erase_if(image,
                                   [&](const auto& file) { return kind_of(file.first) == kind; });
                     for (const auto& [path, bytes] : older) {
                       if (kind_of(path) == kind) image[path] = bytes;
                     }
                   }});
  }
  all.push_back({"older put back", "the whole database", [older = base.older](Image& image) {
                   const std::string mark = image["commits"];
                   image = older;
                   image["commits"] = mark;
                 }});
}

void add_swaps(const BaseStore& base, std::vector<Damage>& all) {
  for (const FileKind kind : {FileKind::wal, FileKind::sst}) {
    const auto files = files_of(base.image, kind);
    for (std::size_t one = 0; one < files.size(); ++one) {
      for (std::size_t other = one + 1; other < files.size(); ++other) {
        all.push_back(
            {"swapped", files[one] + " and " + files[other],
             [a = files[one], b = files[other]](Image& image) { std::swap(image[a], image[b]); }});
      }
    }
  }
}

const std::string& drawn_file(const BaseStore& base, FileKind kind, std::mt19937_64& random) {
  std::size_t bytes = 0;
  for (const auto& [path, content] : base.image)
    bytes += kind_of(path) == kind ? content.size() : 0;
  MUST(bytes > 0);
  std::size_t at = random() % bytes;
  for (const auto& [path, content] : base.image) {
    if (kind_of(path) != kind) continue;
    if (at < content.size()) return path;
    at -= content.size();
  }
  std::unreachable();
}

}  // namespace

Damage cut_of(const BaseStore& base, std::size_t bytes) {
  MUST(base.image.at(base.tail).size() >= bytes);
  return {
      "cut", base.tail + ", " + std::to_string(bytes) + " bytes",
      [path = base.tail, bytes](Image& image) { image[path].resize(image[path].size() - bytes); }};
}

Damage flip_of(const BaseStore& base, std::uint64_t seed) {
  static constexpr std::array kinds{FileKind::wal,      FileKind::wal,      FileKind::wal,
                                    FileKind::sst,      FileKind::sst,      FileKind::sst,
                                    FileKind::manifest, FileKind::manifest, FileKind::current,
                                    FileKind::mark,     FileKind::options};
  std::mt19937_64 random(seed);
  const FileKind kind = kinds[random() % kinds.size()];
  const std::string path = drawn_file(base, kind, random);
  const std::size_t at = random() % base.image.at(path).size();
  const auto bit = static_cast<char>(1U << random() % 8);
  return {"flip " + std::string(name_of(kind)),
          path + ", byte " + std::to_string(at) + " ^ " + std::to_string(bit),
          [path, at, bit](Image& image) {
            image[path][at] = static_cast<char>(image[path][at] ^ bit);
          }};
}

std::vector<Damage> damages_of_files(const BaseStore& base) {
  std::vector<Damage> all;
  for (const auto& [path, bytes] : base.image) {
    if (!path.ends_with("COMPACTION.off")) add_single(path, all);
  }
  add_older(base, all);
  add_swaps(base, all);
  for (const std::string& path : files_of(base.image, FileKind::manifest)) {
    for (std::size_t size = 0; size < base.image.at(path).size(); ++size) {
      all.push_back({"manifest cut", path + ", to " + std::to_string(size) + " bytes",
                     [path, size](Image& image) { image[path].resize(size); }});
    }
  }
  return all;
}

}  // namespace lockstep::damage
