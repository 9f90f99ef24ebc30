// SPDX-License-Identifier: Apache-2.0
// When the server gives freed memory back to the system.
#include "server/base/heap.h"

#include <gtest/gtest.h>

#include "server/base/limits.h"

namespace lockstep {
namespace {

constexpr std::size_t mib = 1 << 20;
constexpr std::size_t much = limits::heap_free_bytes_max;

HeapUse use(std::size_t used, std::size_t resident) {
  return {.used = used, .free = 0, .resident = resident};
}

TEST(Heap, MemoryInUseIsNotGivenBack) {
  HeapKeeper heap;

  EXPECT_FALSE(heap.wants_trim(use(400 * mib, 400 * mib)));
  EXPECT_FALSE(heap.wants_trim(use(400 * mib, 400 * mib + much - 1)));
}

TEST(Heap, ResidentMemoryThatIsNotInUseIsGivenBack) {
  HeapKeeper heap;

  EXPECT_TRUE(heap.wants_trim(use(20 * mib, 20 * mib + much)));
}

TEST(Heap, ABurstBetweenTwoLooksIsSeenByItsIdleMemory) {
  HeapKeeper heap;
  ASSERT_TRUE(heap.wants_trim(use(20 * mib, 20 * mib + much)));
  heap.trimmed(use(20 * mib, 22 * mib));

  // Freed again between two looks: as much memory is free as before, but it is resident.
  EXPECT_TRUE(heap.wants_trim(use(20 * mib, 22 * mib + much)));
}

TEST(Heap, MemoryThatATrimCouldNotGiveBackIsNotTriedAgain) {
  HeapKeeper heap;
  ASSERT_TRUE(heap.wants_trim(use(20 * mib, 100 * mib)));

  heap.trimmed(use(20 * mib, 60 * mib));

  EXPECT_FALSE(heap.wants_trim(use(20 * mib, 60 * mib)));
  EXPECT_TRUE(heap.wants_trim(use(20 * mib, 60 * mib + much)));
}

TEST(Heap, MemoryThatCouldNotBeGivenBackAndIsUsedAgainIsForgotten) {
  HeapKeeper heap;
  heap.trimmed(use(20 * mib, 60 * mib));

  EXPECT_FALSE(heap.wants_trim(use(60 * mib, 60 * mib)));
  EXPECT_TRUE(heap.wants_trim(use(20 * mib, 60 * mib)));
}

}  // namespace
}  // namespace lockstep
