// SPDX-License-Identifier: Apache-2.0
// image.h: a store's folder as bytes in memory.
//
// A trial damages the bytes in memory and writes them into a folder, so that every trial begins
// with the same bytes. RocksDB's log lines and lock are left out: they are no part of the stored
// data.
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
