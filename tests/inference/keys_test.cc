// SPDX-License-Identifier: Apache-2.0
#include "server/inference/keys.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "server/inference/header_rules.h"
#include "server/inference/limits.h"
#include "tests/inference/loop.h"
#include "tests/inference/temp_file.h"

namespace lockstep {
namespace {

TEST(UsableKey, IsWithoutTheBlanksAndLineEndsAroundIt) {
  for (const char* text : {"sk-1234", "sk-1234\n", "sk-1234\r\n", "  sk-1234 \n\n", "\tsk-1234"}) {
    EXPECT_EQ(usable_key(text, "it").value_or("none"), "sk-1234");
  }
}

TEST(UsableKey, ThatCannotBeSentIsRefusedByName) {
  for (const std::string& text :
       {std::string("sk-1\n234"), std::string("sk-1\r\nHost: x"), std::string("sk\x01"),
        std::string("sk\0x", 4), std::string("sk-“x”"), std::string("sk\x7f")}) {
    const auto key = usable_key(text, "The key of x");

    ASSERT_FALSE(key) << text;
    EXPECT_EQ(key.error().code, "missing_key");
    EXPECT_TRUE(key.error().detail.starts_with("The key of x has a line end, "))
        << key.error().detail;
  }
  EXPECT_EQ(usable_key(" \n", "It").error().detail, "It is empty: put the key into it");
}

TEST(UsableKey, OfAnyBytesIsRefusedOrCanBeSentAsItIs) {
  TestRandom random;
  for (int i = 0; i < 5000; ++i) {
    std::string text(random.next() >> 16 & 7u, ' ');
    for (char& c : text) c = static_cast<char>(random.next() >> 16 & 0xffu);
    if (i % 2 == 0) text = "\n" + text + "x\r\n";

    const auto key = usable_key(text, "it");

    if (!key) continue;
    EXPECT_EQ(fault_of_header_value(*key), "");
    EXPECT_NE(text.find(*key), std::string::npos);
    EXPECT_FALSE(key->empty() || key->front() == ' ' || key->back() == ' ');
  }
}

TEST(KeyFile, IsReadAgainWhenItChanges) {
  const TempFile file("key");
  file.write("first-key\n");
  KeyFile key(file.path());

  EXPECT_EQ(key.read().value_or("none"), "first-key");
  EXPECT_EQ(key.read().value_or("none"), "first-key");
  file.write("second-key-\n");
  EXPECT_EQ(key.read().value_or("none"), "second-key-");
  file.replace("third--key-\n");  // as long as the second
  EXPECT_EQ(key.read().value_or("none"), "third--key-");
}

TEST(KeyFile, ThatIsMissingEmptyOrTooLongIsNamedAndTheNextReadIsFresh) {
  const TempFile file("key");
  KeyFile key(file.path());

  const auto expect_fault = [&](const std::string& fault) {
    const auto read = key.read();
    ASSERT_FALSE(read) << *read;
    EXPECT_EQ(read.error().code, "missing_key");
    EXPECT_NE(read.error().detail.find(file.path()), std::string::npos);
    EXPECT_NE(read.error().detail.find(fault), std::string::npos) << read.error().detail;
  };
  expect_fault("No such file");
  file.write("");
  expect_fault("is empty");
  file.write(std::string(limits::key_bytes_max + 1, 'x'));
  expect_fault("more than");
  file.write("a\nb");
  expect_fault("inside the key");
  file.write("good-key");
  EXPECT_EQ(key.read().value_or("none"), "good-key");
  std::filesystem::remove(file.path());
  expect_fault("No such file");
  std::filesystem::create_directory(file.path());
  expect_fault("no regular file");
}

TEST(SecretRing, LearnsNewKeysAndForgetsTheOldestOfAFile) {
  SecretRing ring;
  ring.add("a-lasting-secret");
  ring.learn("/a", "learnt-key-of-a");
  EXPECT_EQ(ring.redactor().strike("x a-lasting-secret learnt-key-of-a"), "x [secret] [secret]");

  for (std::size_t n = 0; n < limits::former_keys_max; ++n) {
    ring.learn("/b", "key-of-b-number-" + std::to_string(n) + "-until-now");
  }
  ring.learn("/b", "another-of-file-b");

  EXPECT_EQ(ring.redactor().strike("x a-lasting-secret learnt-key-of-a"), "x [secret] [secret]");
  EXPECT_EQ(ring.redactor().strike("x another-of-file-b"), "x [secret]");
}

}  // namespace
}  // namespace lockstep
