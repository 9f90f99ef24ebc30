// SPDX-License-Identifier: Apache-2.0
// must.h: assertions that stay on in every build.
//
// MUST states an invariant: a condition that holds unless this program has a bug. A broken
// invariant aborts the process, because a store that goes on turns one bug into many wrong bytes.
// Input from outside (a client, a model, a disk) never meets a MUST: code checks it, and returns an
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
