// SPDX-License-Identifier: Apache-2.0
#include "tests/damage/image.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "engine/base/must.h"

namespace lockstep::damage {
namespace {

namespace fs = std::filesystem;

bool tells_nothing(const std::string& name) {
  return name == "lock" || name == "LOCK" || name == "LOG" || name.starts_with("LOG.old");
}

}  // namespace

Image read_image(const std::string& folder) {
  Image image;
  for (const auto& file : fs::recursive_directory_iterator(folder)) {
    if (!file.is_regular_file() || tells_nothing(file.path().filename().string())) continue;
    std::ifstream in(file.path(), std::ios::binary);
    std::ostringstream bytes;
    bytes << in.rdbuf();
    image[fs::relative(file.path(), folder).string()] = bytes.str();
  }
  return image;
}

void lay_out(const Image& image, const std::string& folder) {
  MUST(!fs::exists(folder));
  fs::create_directories(fs::path(folder) / "rocks");
  for (const auto& [path, bytes] : image) {
    std::ofstream out(fs::path(folder) / path, std::ios::binary);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    MUST(out.good());
  }
}

FileKind kind_of(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  if (name.ends_with(".log")) return FileKind::wal;
  if (name.ends_with(".sst")) return FileKind::sst;
  if (name.starts_with("MANIFEST-")) return FileKind::manifest;
  if (name == "CURRENT") return FileKind::current;
  if (name.starts_with("OPTIONS-")) return FileKind::options;
  if (name == "commits") return FileKind::mark;
  return FileKind::other;
}

std::string_view name_of(FileKind kind) {
  switch (kind) {
    case FileKind::wal:
      return "WAL";
    case FileKind::sst:
      return "SST";
    case FileKind::manifest:
      return "MANIFEST";
    case FileKind::current:
      return "CURRENT";
    case FileKind::options:
      return "OPTIONS";
    case FileKind::mark:
      return "commits";
    case FileKind::other:
      return "other";
  }
  std::unreachable();
}

std::vector<std::string> files_of(const Image& image, FileKind kind) {
  std::vector<std::string> files;
  for (const auto& [path, bytes] : image) {
    if (kind_of(path) == kind) files.push_back(path);
  }
  return files;
}

}  // namespace lockstep::damage
