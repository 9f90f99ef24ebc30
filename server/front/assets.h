// SPDX-License-Identifier: Apache-2.0
// assets.h: the page that browsers are shown, from inside the binary.
//
// The page is a folder of built files: index.html, a service worker, scripts and styles whose names
// hold their hash. A build puts them into the binary as they are, and compressed where that saves
// (embed.cmake makes the table); here they become answers. A file whose name holds its hash never
// changes under that name and is kept for good; all others are asked for again each time, and are
// not sent again if they are the same. A strict content policy goes with each: the page runs its
// own scripts and speaks to its own server, and nobody may frame it.
//
// Lives on: nothing; the table is constant, and the functions are pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

struct Request;
struct Response;

struct Asset {
  std::string_view path;  // `/assets/index-BxY3aZ01.js`
  std::string_view hash;  // of `bytes`, hex
  std::string_view bytes;
  std::string_view gzip = {};  // empty: it would save nothing
};
// Sorted by path. `/` is its index.html, or without one its index.txt.
using Page = std::span<const Asset>;

// What this binary carries. Defined by the library that it is linked with: `page`, made of a
// folder, or `no_page`, one line that says so.
[[nodiscard]] Page embedded_page();

// By the segments of a target's path; null if there is no such file.
[[nodiscard]] const Asset* find_asset(Page page, const std::vector<std::string>& path);

// 200, or 304 if the browser has it.
[[nodiscard]] Response asset_response(const Asset& asset, const Request& request);

[[nodiscard]] std::string_view content_type_of(std::string_view path);
// Does the name hold the hash of what is in it?
[[nodiscard]] bool is_named_by_hash(std::string_view path);

}  // namespace lockstep
