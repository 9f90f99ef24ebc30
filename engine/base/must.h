// SPDX-License-Identifier: Apache-2.0
// must.h: an invariant, always on.
//
// MUST states what has to be true if this program has no bug. It stands in every build: a store
// that goes on after a broken invariant turns one bug into many wrong bytes. What comes from
// outside (a client, a model, a disk) is never a MUST; it is checked, and a failure there is an
// Error.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace lockstep {

[[noreturn]] inline void must_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, condition);
  std::abort();
}

}  // namespace lockstep

#define MUST(condition) \
  ((condition) ? static_cast<void>(0) : ::lockstep::must_failed(#condition, __FILE__, __LINE__))
