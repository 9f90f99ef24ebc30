// SPDX-License-Identifier: Apache-2.0
// assets.h: serves the web page from inside the binary.
//
// The page is a folder of built files: index.html, a service worker, and scripts and styles with
// their hash in the name. A build puts each file into the binary, and a compressed copy where that
// is smaller (embed.cmake makes the table). A browser caches a file with its hash in the name for
// good, because it never changes under that name. It revalidates all others each time, and gets 304
// if they are the same. Each answer has a strict content security policy: the page may run only its
// own scripts and connect only to its own server, and no site may frame it.
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
  std::string_view gzip = {};  // empty: it would not be smaller
};
// Sorted by path. `/` is its index.html, or without one its index.txt.
using Page = std::span<const Asset>;

// The page in this binary. The linked library defines it: `page`, made from a folder, or `no_page`,
// one line of text.
[[nodiscard]] Page embedded_page();

// The file at a target's path; null if there is no such file.
[[nodiscard]] const Asset* find_asset(Page page, const std::vector<std::string>& path);

// 200, or 304 if the browser has the same bytes.
[[nodiscard]] Response asset_response(const Asset& asset, const Request& request);

[[nodiscard]] std::string_view content_type_of(std::string_view path);
// Does the name end with a hash of the content?
[[nodiscard]] bool is_named_by_hash(std::string_view path);

}  // namespace lockstep
