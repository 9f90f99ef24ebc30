// SPDX-License-Identifier: Apache-2.0
// heap.h: gives back to the system what the process has freed.
//
// glibc's allocator gives back only the top of its heap by itself, so one small block that lives
// keeps all below it; and it raises the size above which blocks are mapped one by one to that of
// the largest that was freed. After a burst of large bodies and answers most of the heap is free
// and still resident. `malloc_trim` gives back every whole page that is free, in all arenas. It is
// asked for when much was freed since the last time, because it walks the heap; what it gave back
// stays "free" in the allocator's books, so what counts is what came after the least that was free
// since.
//
// Lives on: the engine strand.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lockstep {

class HeapKeeper {
 public:
  // Once a second.
  void tick();

 private:
  std::uint32_t seconds_ = 0;
  std::size_t least_free_ = 0;
};

}  // namespace lockstep
