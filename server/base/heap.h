// SPDX-License-Identifier: Apache-2.0
// heap.h: gives freed memory back to the system.
//
// glibc's allocator keeps freed memory: by default up to 64 MiB at the end of each arena (one for
// each thread), and more below a block in use. Its limits grow with the largest block that was ever
// freed. So the memory of a burst of large bodies and answers would stay resident for ever.
//
//   * `bound_heap` fixes the limits: a large block has a mapping of its own, which goes when it is
//     freed, and an arena keeps little at its end.
//   * `HeapKeeper` regularly compares the resident memory with the memory in use. If the difference
//     has grown, it calls `malloc_trim`, which gives back every whole free page of all arenas but
//     their ends. That call walks the heap, so the keeper does not repeat it for pages that the
//     last call could not give back.
//
// Lives on: the engine strand.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lockstep {

// In bytes. Blocks with a mapping of their own count as used.
struct HeapUse {
  std::size_t used = 0;
  std::size_t free = 0;      // by the allocator's books; some of it may be given back already
  std::size_t resident = 0;  // of the process, without mapped files; 0: unknown
};
[[nodiscard]] HeapUse heap_use();

// Requires: called before there is a second thread.
void bound_heap();

// Calls `malloc_trim` when resident memory exceeds used memory by too much.
class HeapKeeper {
 public:
  // Once a second.
  void tick();
  // Is it time to trim? After the trim call `trimmed` with the rest, which can't be trimmed.
  [[nodiscard]] bool wants_trim(const HeapUse& use);
  void trimmed(const HeapUse& use);

 private:
  std::uint32_t seconds_ = 0;
  std::size_t left_ = 0;  // bytes that a trim can't give back: pages with a block in use, stacks
};

}  // namespace lockstep
