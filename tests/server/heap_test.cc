// SPDX-License-Identifier: Apache-2.0
// When freed memory is given back to the system.
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

TEST(Heap, WhatIsInUseIsNoReasonToGiveBack) {
  HeapKeeper heap;

  EXPECT_FALSE(heap.wants_trim(use(400 * mib, 400 * mib)));
  EXPECT_FALSE(heap.wants_trim(use(400 * mib, 400 * mib + much - 1)));
}

TEST(Heap, WhatIsResidentAndNotInUseIsGivenBack) {
  HeapKeeper heap;

  EXPECT_TRUE(heap.wants_trim(use(20 * mib, 20 * mib + much)));
}

TEST(Heap, ABurstBetweenTwoLooksIsSeenByWhatItLeaves) {
  HeapKeeper heap;
  ASSERT_TRUE(heap.wants_trim(use(20 * mib, 20 * mib + much)));
  heap.trimmed(use(20 * mib, 22 * mib));

  // Freed again before anybody looked: as much is free by the books as before, but it is resident.
  EXPECT_TRUE(heap.wants_trim(use(20 * mib, 22 * mib + much)));
}

TEST(Heap, WhatNoTrimCouldGiveBackIsNotTriedAgain) {
  HeapKeeper heap;
  ASSERT_TRUE(heap.wants_trim(use(20 * mib, 100 * mib)));

  heap.trimmed(use(20 * mib, 60 * mib));

  EXPECT_FALSE(heap.wants_trim(use(20 * mib, 60 * mib)));
  EXPECT_TRUE(heap.wants_trim(use(20 * mib, 60 * mib + much)));
}

TEST(Heap, WhatCouldNotBeGivenBackAndIsUsedAgainIsForgotten) {
  HeapKeeper heap;
  heap.trimmed(use(20 * mib, 60 * mib));

  EXPECT_FALSE(heap.wants_trim(use(60 * mib, 60 * mib)));
  EXPECT_TRUE(heap.wants_trim(use(20 * mib, 60 * mib)));
}

}  // namespace
}  // namespace lockstep
