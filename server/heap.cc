// SPDX-License-Identifier: Apache-2.0
#include "server/heap.h"

#include <malloc.h>

#include <algorithm>

#include "server/limits.h"

namespace lockstep {

void HeapKeeper::tick() {
  if (++seconds_ % limits::heap_look_seconds != 0) return;
  const std::size_t unused = mallinfo2().fordblks;
  least_free_ = std::min(least_free_, unused);
  if (unused - least_free_ < limits::heap_free_bytes_max) return;
  malloc_trim(0);
  least_free_ = mallinfo2().fordblks;
}

}  // namespace lockstep
