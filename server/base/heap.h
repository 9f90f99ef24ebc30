// SPDX-License-Identifier: Apache-2.0
// heap.h: gives back to the system what the process has freed.
//
// glibc's allocator keeps what was freed, by default up to 64 MiB at the end of each of its arenas
// (one a thread), and more below a block that lives: both its limits grow with the largest block
// that was ever freed. So a burst of large bodies and answers would stay resident for ever.
//
//   * `bound_heap` fixes the limits: a large block is mapped by itself and goes when it is freed,
//     and an arena keeps little at its end.
//   * `HeapKeeper` looks now and then how much is resident and not in use. If that has grown, it
//     calls `malloc_trim`, which gives back every whole free page of all arenas but their ends. It
//     walks the heap, so it is not called again for what the last call had to leave.
//
// Lives on: the engine strand.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lockstep {

// In bytes. Blocks that are mapped by themselves count as used.
struct HeapUse {
  std::size_t used = 0;
  std::size_t free = 0;      // by the allocator's books: given back to the system, or resident
  std::size_t resident = 0;  // of the process, without what is mapped from files; 0: not known
};
[[nodiscard]] HeapUse heap_use();

// Requires: called before there is a second thread.
void bound_heap();

// What is freed in vain is what is resident beyond what is used.
class HeapKeeper {
 public:
  // Once a second.
  void tick();
  // Is it time to give back? Tells `trimmed` what could not be.
  [[nodiscard]] bool wants_trim(const HeapUse& use);
  void trimmed(const HeapUse& use);

 private:
  std::uint32_t seconds_ = 0;
  std::size_t left_ = 0;  // that no trim can give back: pages with a block that lives, stacks
};

}  // namespace lockstep
