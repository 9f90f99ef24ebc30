// SPDX-License-Identifier: Apache-2.0
// The files of the page: which exist, and how the server answers each.
#include "server/front/assets.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "server/net/http_message.h"

namespace lockstep::test {
namespace {

constexpr Asset script{.path = "/assets/index-BxY3aZ01.js",
                       .hash = "0123",
                       .bytes = "console.log(1)",
                       .gzip = "zipped"};

Request with(std::vector<std::pair<std::string, std::string>> headers) {
  Request request;
  request.method = "GET";
  request.headers = std::move(headers);
  return request;
}

std::string header_of(const Response& response, const std::string& name) {
  const auto found =
      std::ranges::find(response.headers, name, &std::pair<std::string, std::string>::first);
  return found == response.headers.end() ? "none" : found->second;
}

std::string file_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(EmbeddedPage, HasEveryFileOfItsFolderByteByByte) {
  namespace fs = std::filesystem;
  const fs::path folder = LOCKSTEP_TEST_PAGE;
  std::size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    ++files;
    const fs::path relative = fs::relative(entry.path(), folder);

    const Asset* asset = find_asset(embedded_page(), {relative.begin(), relative.end()});

    ASSERT_NE(asset, nullptr) << relative;
    EXPECT_EQ(asset->bytes, file_text(entry.path())) << relative;
    EXPECT_EQ(asset->hash.size(), 32U);
  }
  EXPECT_EQ(files, embedded_page().size());
  EXPECT_TRUE(std::ranges::is_sorted(embedded_page(), {}, &Asset::path));
}

TEST(EmbeddedPage, KeepsTheCompressedFormOnlyWhereItSaves) {
  const Asset* large = find_asset(embedded_page(), {"assets", "index-BxY3aZ01.js"});
  const Asset* tiny = find_asset(embedded_page(), {"tiny.txt"});

  EXPECT_LT(large->gzip.size(), large->bytes.size());
  EXPECT_TRUE(large->gzip.starts_with("\x1f\x8b"));
  EXPECT_TRUE(tiny->gzip.empty());
}

TEST(EmbeddedPage, IsFoundByWholePathsOnly) {
  const Page page = embedded_page();

  EXPECT_EQ(find_asset(page, {})->path, "/index.html");
  EXPECT_EQ(find_asset(page, {"index.html"}), find_asset(page, {}));
  for (const std::vector<std::string>& path :
       std::vector<std::vector<std::string>>{{"assets"},
                                             {""},
                                             {"assets", ""},
                                             {"index.htm"},
                                             {"..", "index.html"},
                                             {"assets/index-BxY3aZ01.js", ""},
                                             {"assets", "..", "index.html"},
                                             {"Index.html"}}) {
    EXPECT_EQ(find_asset(page, path), nullptr) << path.front();
  }
}

TEST(AnAsset, WhoseNameHoldsItsHashIsKeptForGood) {
  const std::vector<std::pair<std::string_view, bool>> table{
      {"/assets/index-BxY3aZ01.js", true},
      {"/assets/index-_xY3a-01.css", true},
      {"/assets/a-abcdefg1.woff2", true},
      {"/index-BxY3aZ01.js", false},
      {"/assets/index.js", false},
      {"/assets/some-longname.js", false},
      {"/assets/-BxY3aZ0.js", false},
      {"/sw.js", false},
      {"/index.html", false},
      {"/assets/x-Ab1/y.js", false},
  };
  for (const auto& [path, kept] : table) EXPECT_EQ(is_named_by_hash(path), kept) << path;

  const Asset worker{.path = "/sw.js", .hash = "4567", .bytes = ";", .gzip = {}};
  EXPECT_EQ(asset_response(script, with({})).cache_control, "public, max-age=31536000, immutable");
  EXPECT_EQ(asset_response(worker, with({})).cache_control, "no-cache");
}

TEST(AnAsset, IsCompressedForAClientThatAcceptsThat) {
  const std::vector<std::pair<std::string, bool>> table{
      {"gzip", true},
      {"gzip, deflate, br", true},
      {"br;q=1, gzip;q=0.5", true},
      {" deflate ,\tgzip", true},
      {"gzip;q=0", false},
      {"gzip; q=0.000", false},
      {"br", false},
      {"xgzip", false},
      {"", false},
      {"identity", false},
  };
  for (const auto& [accepted, zipped] : table) {
    const Response response = asset_response(script, with({{"accept-encoding", accepted}}));

    EXPECT_EQ(response.lasting, zipped ? "zipped" : "console.log(1)") << accepted;
    EXPECT_EQ(header_of(response, "Content-Encoding"), zipped ? "gzip" : "none") << accepted;
    EXPECT_EQ(header_of(response, "Vary"), "Accept-Encoding");
    EXPECT_EQ(response.content_type, "text/javascript; charset=utf-8");
  }
}

TEST(AnAsset, IsNotSentAgainToAClientThatHasIt) {
  const std::string tag = header_of(asset_response(script, with({})), "ETag");
  const std::vector<std::pair<std::string, unsigned>> table{
      {tag, 304U},
      {"W/" + tag, 304U},
      {"\"x\", " + tag, 304U},
      {"*", 304U},
      {"\"0123-gzip\"", 200U},
      {"\"x\"", 200U},
      {"0123", 200U},
      {"", 200U},
  };
  EXPECT_EQ(tag, "\"0123\"");
  for (const auto& [tags, status] : table) {
    const Response response = asset_response(script, with({{"if-none-match", tags}}));

    EXPECT_EQ(response.status, status) << tags;
    EXPECT_EQ(response.lasting.empty(), status == 304) << tags;
    EXPECT_EQ(header_of(response, "ETag"), tag);
  }
  // The two forms are not the same bytes.
  EXPECT_EQ(header_of(asset_response(script, with({{"accept-encoding", "gzip"}})), "ETag"),
            "\"0123-gzip\"");
}

TEST(AnAsset, MayRunAndReachNothingButItsOwnServer) {
  const Response response = asset_response(script, with({}));
  const std::string policy = header_of(response, "Content-Security-Policy");

  EXPECT_TRUE(policy.starts_with("default-src 'self';")) << policy;
  EXPECT_NE(policy.find("frame-ancestors 'none'"), std::string::npos);
  EXPECT_EQ(policy.find("unsafe"), std::string::npos);
  EXPECT_EQ(policy.find("http"), std::string::npos);
  EXPECT_EQ(header_of(response, "Referrer-Policy"), "no-referrer");
}

}  // namespace
}  // namespace lockstep::test
