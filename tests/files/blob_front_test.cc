// SPDX-License-Identifier: Apache-2.0
// The parts of HTTP that blobs need: ranges, tags, types, links, and files inside a request.
#include <gtest/gtest.h>

#include <random>

#include "engine/rules/digest.h"
#include "engine/rules/file_name.h"
#include "server/base/data_uri.h"
#include "server/front/blob_answers.h"
#include "server/front/blob_door.h"
#include "server/net/blob_links.h"
#include "tests/support/engine_fixture.h"

namespace lockstep::test {
namespace {

TEST(BlobRanges, AreOneRangeOfBytesOrTheWholeBlob) {
  const BlobPiece all{0, 100};
  EXPECT_EQ(piece_of({}, 100), all);
  EXPECT_EQ(piece_of("bytes=0-0", 100), (BlobPiece{0, 1}));
  EXPECT_EQ(piece_of("Bytes=10-19", 100), (BlobPiece{10, 10}));
  EXPECT_EQ(piece_of("bytes=90-", 100), (BlobPiece{90, 10}));
  EXPECT_EQ(piece_of("bytes=90-1000", 100), (BlobPiece{90, 10}));
  EXPECT_EQ(piece_of("bytes=-1", 100), (BlobPiece{99, 1}));
  EXPECT_EQ(piece_of("bytes=-1000", 100), all);
  EXPECT_EQ(piece_of("bytes=0-18446744073709551615", 100), all);
  EXPECT_EQ(piece_of("bytes=-99999999999999999999", 100), all);
  for (const char* none :
       {"bytes=100-", "bytes=100-200", "bytes=-0", "bytes=99999999999999999999-"}) {
    EXPECT_EQ(piece_of(none, 100), std::nullopt) << none;
  }
  for (const char* other :
       {"bytes=5-4", "bytes=1-2,3-4", "items=0-1", "bytes=", "bytes=-", "bytes=x-1", "bytes=1-x",
        "bytes= 1 - 2", "bytes=--1", "bytes=+1-2", "5-6", ""}) {
    EXPECT_EQ(piece_of(other, 100), all) << other;
  }
  EXPECT_EQ(piece_of("bytes=0-0", 0), std::nullopt);
}

TEST(BlobTags, AreTheHash) {
  const BlobHash hash(sha256("x"));
  const std::string tag = "\"" + hash.text() + "\"";
  EXPECT_TRUE(names_tag(tag, hash, true));
  EXPECT_TRUE(names_tag("\"a\", " + tag, hash, true));
  EXPECT_TRUE(names_tag("W/" + tag, hash, false));
  EXPECT_FALSE(names_tag("W/" + tag, hash, true));
  EXPECT_TRUE(names_tag("*", hash, false));
  EXPECT_FALSE(names_tag("\"a\"", hash, false));
  EXPECT_FALSE(names_tag(",,,", hash, false));
}

TEST(BlobTypes, OnlyThoseThatRunNothingAreShown) {
  EXPECT_EQ(shown_type("image/png"), "image/png");
  EXPECT_EQ(shown_type("IMAGE/PNG; a=b"), "image/png");
  EXPECT_EQ(shown_type("text/plain"), "text/plain; charset=utf-8");
  for (const char* saved : {"text/html", "image/svg+xml", "application/pdf", "text/css", "x/y"}) {
    EXPECT_EQ(shown_type(saved), std::nullopt) << saved;
  }
}

TEST(DataUris, AreReadAsRfc2397Says) {
  EXPECT_EQ(read_data_uri("data:image/png;base64,AAEC")->bytes, std::string("\0\1\2", 3));
  EXPECT_EQ(read_data_uri("data:image/png;base64,AAEC")->media_type, "image/png");
  EXPECT_EQ(read_data_uri("DATA:image/png;Base64,AAEC"),
            read_data_uri("data:image/png;base64,AAEC"));
  EXPECT_EQ(read_data_uri("data:,a%20b")->bytes, "a b");
  EXPECT_EQ(read_data_uri("data:,")->media_type, "text/plain;charset=US-ASCII");
  EXPECT_EQ(read_data_uri("data:;charset=utf-8,x")->media_type, "text/plain;charset=utf-8");
  EXPECT_EQ(read_data_uri("data:text/plain;charset=utf-8;base64,QQ==")->bytes, "A");
  EXPECT_EQ(read_data_uri("data:x/y;base64,QQ%3d%3d")->bytes, "A");
  EXPECT_EQ(read_data_uri("data:nonsense,x")->media_type, "application/octet-stream");
  for (const char* broken : {"data:image/png;base64,AAE", "data:image/png;base64,A*==", "data:x/y",
                             "data:,%4", "data:,%zz", "http://a/b", "data:x/y;base64,====", "data",
                             "", "data:image/png;base64,AA EC", "xdata:,x"}) {
    EXPECT_FALSE(read_data_uri(broken)) << broken;
  }
}

TEST(DataUris, ThatWereReadAreWrittenAndReadAsTheSame) {
  std::mt19937 random(27);
  for (int round = 0; round < 1000; ++round) {
    DataUri data{round % 2 == 0 ? "image/png" : "text/plain;charset=utf-8", {}};
    for (std::size_t left = random() % 100; left > 0; --left) {
      data.bytes += static_cast<char>(random());
    }
    EXPECT_EQ(read_data_uri(data_uri_of(data)), data);
  }
}

TEST(FileNames, AreOneLine) {
  EXPECT_EQ(file_name_line("Größe 1.png"), "Größe 1.png");
  EXPECT_EQ(file_name_line("a\r\nb\t\x1b[31mc\x7f"), "a  b  [31mc ");
  EXPECT_EQ(file_name_line(std::string("a\0b", 3)), "a b");
  EXPECT_EQ(file_name_line("a\u0085b\u2028c\u2029d"), "a b c d");
  EXPECT_EQ(file_name_line("gpj.\u202exe\u2066y\u2069"), "gpj.xey");
  EXPECT_EQ(file_name_line("\u00a0\u200d\u201c"), "\u00a0\u200d\u201c") << "these stay";
}

TEST(BlobLinks, OpenOneBlobOfOneUserForATime) {
  CountedRandom random;
  const BlobLinks links(random);
  const BlobHash blob(sha256("x"));
  const Auth auth;
  const Caller local{UserId("local"), {}};

  const std::string link = links.make(local, blob, Tick(3600));

  EXPECT_EQ(links.caller_of(link, blob, auth, Tick(3600)), local);
  EXPECT_EQ(links.caller_of(link, blob, auth, Tick(3601)), std::nullopt);
  EXPECT_EQ(links.caller_of(link, BlobHash(sha256("y")), auth, Tick(1)), std::nullopt);
  std::string other = link;
  other.replace(0, 4, "9999");
  EXPECT_EQ(links.caller_of(other, blob, auth, Tick(1)), std::nullopt);
  for (std::size_t at = 0; at < link.size(); ++at) {
    std::string changed = link;
    changed[at] = changed[at] == 'a' ? 'b' : 'a';
    EXPECT_EQ(links.caller_of(changed, blob, auth, Tick(1)), std::nullopt) << at;
  }
  const BlobLinks restarted(random);
  EXPECT_EQ(restarted.caller_of(link, blob, auth, Tick(1)), std::nullopt);
}

}  // namespace
}  // namespace lockstep::test
