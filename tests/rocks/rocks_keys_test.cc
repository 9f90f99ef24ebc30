// SPDX-License-Identifier: Apache-2.0
#include "engine/rocks/rocks_keys.h"

#include <gtest/gtest.h>

#include <limits>

#include "engine/rocks/crc32c.h"
#include "engine/rocks/witness_file.h"
#include "engine/store/epochs.h"
#include "tests/rocks/fixed_random.h"
#include "tests/rocks/temp_folder.h"

namespace lockstep {
namespace {

TEST(Crc32c, GivesThePublishedNumbers) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62A8AB43U);
  EXPECT_EQ(crc32c(""), 0U);
}

TEST(Crc32c, IsTheSameByTableAndByInstruction) {
  FixedRandom random(1);
  std::string bytes;
  for (int size = 0; size < 300; ++size) {
    EXPECT_EQ(crc32c(bytes), crc32c_by_table(bytes)) << size;
    bytes.push_back(static_cast<char>(random.next()));
  }
}

TEST(Crc32c, GoesOnWhereItEnded) {
  EXPECT_EQ(crc32c("56789", crc32c("1234")), crc32c("123456789"));
}

TEST(LogKey, BytesAreInTheOrderOfThreadThenTime) {
  auto key = [](std::uint64_t thread, std::uint64_t at) {
    return encode_key({ThreadNumber(thread), Timestamp(at)});
  };

  EXPECT_LT(key(1, 255), key(1, 256));
  EXPECT_LT(key(1, std::numeric_limits<std::uint64_t>::max()), key(2, 0));
  EXPECT_LT(key(255, 9), key(256, 1));
  EXPECT_EQ(decode_key(key(7, 8)), (LogKey{ThreadNumber(7), Timestamp(8)}));
  EXPECT_EQ(decode_key("short"), std::nullopt);
}

TEST(LogValue, ComesBackAsItWas) {
  LogKey key{ThreadNumber(3), Timestamp(1'763'800'000'000'000)};
  for (std::uint64_t commit : {1ULL, 127ULL, 128ULL, 1ULL << 40, ~0ULL}) {
    for (std::uint64_t previous : {0ULL, 1'763'799'999'999'999ULL}) {
      std::string bytes =
          encode_value(key, {CommitNumber(commit), Timestamp(previous), "the body"});

      auto value = decode_value(key, bytes);

      ASSERT_TRUE(value.has_value());
      EXPECT_EQ(value->commit, CommitNumber(commit));
      EXPECT_EQ(value->previous, Timestamp(previous));
      EXPECT_EQ(value->body, "the body");
    }
  }
}

TEST(LogValue, CostsFewBytesBesideTheBody) {
  LogKey key{ThreadNumber(3), Timestamp(1'763'800'000'000'000)};
  Timestamp previous(1'763'799'999'980'000);  // 20 ms before

  std::string bytes = encode_value(key, {CommitNumber(1'000'000), previous, ""});

  EXPECT_EQ(bytes.size(), 11U);
}

TEST(LogValue, IsOfItsKeyOnly) {
  LogKey key{ThreadNumber(3), Timestamp(100)};
  std::string bytes = encode_value(key, {CommitNumber(1), Timestamp(50), "body"});

  EXPECT_EQ(decode_value({ThreadNumber(4), Timestamp(100)}, bytes).has_value(), false);
  EXPECT_EQ(decode_value({ThreadNumber(3), Timestamp(101)}, bytes).has_value(), false);
}

TEST(LogValue, ThatIsCutAnywhereIsFound) {
  LogKey key{ThreadNumber(3), Timestamp(100)};
  std::string bytes = encode_value(key, {CommitNumber(1), Timestamp(50), "body"});

  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_value(key, bytes.substr(0, size)).has_value()) << size;
  }
}

TEST(LogTail, ComesBackAsItWas) {
  LogTail tail{CommitNumber(9), {ThreadNumber(3), Timestamp(100)}, 4};

  EXPECT_EQ(decode_tail(encode_tail(tail)), tail);
  EXPECT_EQ(decode_tail(encode_tail(tail).substr(1)), std::nullopt);
}

TEST(Epochs, ShareHistoryUpToTheLeastCutSince) {
  Epochs epochs{.current = Epoch(1), .former = {}};
  epochs = with_new_epoch(epochs, Epoch(2), CommitNumber(500));
  epochs = with_new_epoch(epochs, Epoch(3), CommitNumber(300));
  epochs = with_new_epoch(epochs, Epoch(4), CommitNumber(400));

  EXPECT_EQ(shared_until(epochs, Epoch(1)), CommitNumber(300));
  EXPECT_EQ(shared_until(epochs, Epoch(2)), CommitNumber(300));
  EXPECT_EQ(shared_until(epochs, Epoch(3)), CommitNumber(400));
  EXPECT_EQ(shared_until(epochs, Epoch(4)), CommitNumber(~0ULL));
  EXPECT_EQ(shared_until(epochs, Epoch(9)), std::nullopt);
  EXPECT_EQ(decode_epochs(encode_epochs(epochs)), epochs);
  EXPECT_EQ(decode_epochs(encode_epochs(epochs).substr(1)), std::nullopt);
}

TEST(Epochs, MayHaveKeptLessOfListsThanOfThreads) {
  Epochs epochs{.current = Epoch(1), .former = {}};
  epochs = with_new_epoch(epochs, Epoch(2), CommitNumber(500));
  const std::string as_before = encode_epochs(epochs);
  epochs = with_new_epoch(epochs, Epoch(3), CommitNumber(900));
  epochs.former.back().lists_end = CommitNumber(7);

  EXPECT_EQ(as_before.size(), 1 + 3 * encode_number(0).size());
  EXPECT_EQ(decode_epochs(encode_epochs(epochs)), epochs);
  EXPECT_EQ(shared_until(epochs, Epoch(1)), CommitNumber(500));
  EXPECT_EQ(shared_until(epochs, Epoch(2)), CommitNumber(900));
  EXPECT_EQ(lists_shared_until(epochs, Epoch(1)), CommitNumber(7));
  EXPECT_EQ(lists_shared_until(epochs, Epoch(2)), CommitNumber(7));
  EXPECT_EQ(lists_shared_until(epochs, Epoch(3)), CommitNumber(~0ULL));
  EXPECT_EQ(decode_epochs(encode_epochs(epochs).substr(0, 20)), std::nullopt);
}

TEST(WitnessFile, SaysTheLastNumberThatWasWritten) {
  TempFolder folder;
  std::string path = folder.path() + "/commits";
  {
    auto witness = std::move(*WitnessFile::open(path, WitnessFile::Mode::read_write));
    EXPECT_EQ(*witness->read(), std::nullopt);
    for (std::uint64_t number : {1U, 2U, 3U, 7U, 9U}) {
      ASSERT_TRUE(witness->write(CommitNumber(number)).has_value());
      EXPECT_EQ(*witness->read(), CommitNumber(number));
    }
    ASSERT_TRUE(witness->sync().has_value());
  }

  auto again = std::move(*WitnessFile::open(path, WitnessFile::Mode::read_only));

  EXPECT_EQ(*again->read(), CommitNumber(9));
}

TEST(WitnessFile, OutlivesATornWriteButNotTheLossOfBothPlaces) {
  std::string file(4096, '\0');
  file.replace(0, witness_bytes, encode_witness(CommitNumber(8)));
  file += encode_witness(CommitNumber(9));
  ASSERT_EQ(*read_witnesses(file), CommitNumber(9));

  file[4096 + 11] ^= 1;
  EXPECT_EQ(*read_witnesses(file), CommitNumber(8));
  file[3] ^= 1;
  EXPECT_EQ(read_witnesses(file).error().kind, Kind::corrupt);
}

TEST(WitnessFile, AFileThatWasTornWhileItWasMadeHasNoNumber) {
  const std::string first = encode_witness(CommitNumber(0));

  for (std::size_t bytes = 0; bytes < witness_bytes; ++bytes) {
    EXPECT_EQ(*read_witnesses(first.substr(0, bytes)), std::nullopt) << bytes;
  }
}

TEST(WitnessFile, AMissingFileHasNoNumber) {
  auto witness = WitnessFile::open("/nowhere/commits", WitnessFile::Mode::read_only);

  ASSERT_TRUE(witness.has_value());
  EXPECT_EQ(*(*witness)->read(), std::nullopt);
}

}  // namespace
}  // namespace lockstep
