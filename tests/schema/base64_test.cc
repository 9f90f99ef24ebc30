// SPDX-License-Identifier: Apache-2.0
// Bytes as text, and back.
#include "schema/json/base64.h"

#include <gtest/gtest.h>

#include <string>

namespace lockstep {
namespace {

TEST(Base64, IsReadAsItWasWritten) {
  std::string bytes;
  for (int count = 0; count < 300; ++count) {
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes) << count;
    EXPECT_EQ(from_base64url(to_base64url(bytes)), bytes) << count;
    bytes += static_cast<char>(count * 37);
  }
}

// The examples of RFC 4648, section 10.
TEST(Base64, IsTheOneOfTheStandard) {
  EXPECT_EQ(to_base64(""), "");
  EXPECT_EQ(to_base64("f"), "Zg==");
  EXPECT_EQ(to_base64("fo"), "Zm8=");
  EXPECT_EQ(to_base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(to_base64("\xfb\xff"), "+/8=");
  EXPECT_EQ(to_base64url("\xfb\xff"), "-_8");
}

TEST(Base64, HasOneTextForEachValue) {
  for (const char* wrong : {"TWF", "TW=u", "TR==", "TWE*", "=",
                            "====", "TQ= =", "TQ==TQ==", " TWFu   ", "TWFu\n\n\n\n", "-_8="}) {
    EXPECT_FALSE(from_base64(wrong)) << wrong;
  }
  for (const char* wrong : {"T", "TR", "TQ==", "TWE*", "+_8", "-/8", "TWFu "}) {
    EXPECT_FALSE(from_base64url(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace lockstep
