// SPDX-License-Identifier: Apache-2.0
#include "server/base/heap.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "server/base/limits.h"

namespace lockstep {
namespace {

std::size_t idle_bytes(const HeapUse& use) {
  return use.resident > use.used ? use.resident - use.used : 0;
}

// The file has numbers of pages: size, resident, and resident from files.
std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t size = 0;
  std::size_t resident = 0;
  std::size_t from_files = 0;
  if (!(statm >> size >> resident >> from_files) || resident < from_files) return 0;
  return (resident - from_files) * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

HeapUse heap_use() {
  const struct mallinfo2 info = mallinfo2();
  return {.used = info.uordblks + info.hblkhd, .free = info.fordblks, .resident = resident_bytes()};
}

void bound_heap() {
  mallopt(M_MMAP_THRESHOLD, limits::heap_mapped_bytes);
  mallopt(M_TRIM_THRESHOLD, limits::heap_end_bytes_max);
}

void HeapKeeper::tick() {
  if (++seconds_ % limits::heap_look_seconds != 0) return;
  if (!wants_trim(heap_use())) return;
  malloc_trim(0);
  trimmed(heap_use());
}

bool HeapKeeper::wants_trim(const HeapUse& use) {
  const std::size_t idle = idle_bytes(use);
  left_ = std::min(left_, idle);
  return idle - left_ >= limits::heap_free_bytes_max;
}

void HeapKeeper::trimmed(const HeapUse& use) { left_ = idle_bytes(use); }

}  // namespace lockstep
