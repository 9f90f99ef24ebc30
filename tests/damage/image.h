// SPDX-License-Identifier: Apache-2.0
// image.h: a store's folder as bytes.
//
// A small store is held in memory as a whole, damaged there, and laid out in a folder for each
// trial: so every trial begins with the same bytes, whatever the one before has done to its files.
// RocksDB's own log lines and lock are left out: they say nothing about what is stored.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::damage {

// By path below the folder, such as `rocks/CURRENT`.
using Image = std::map<std::string, std::string>;

[[nodiscard]] Image read_image(const std::string& folder);
// Requires: there is nothing at `folder`.
void lay_out(const Image& image, const std::string& folder);

enum class FileKind { wal, sst, manifest, current, options, mark, other };
[[nodiscard]] FileKind kind_of(std::string_view path);
[[nodiscard]] std::string_view name_of(FileKind kind);
// In the order of their numbers.
[[nodiscard]] std::vector<std::string> files_of(const Image& image, FileKind kind);

}  // namespace lockstep::damage
