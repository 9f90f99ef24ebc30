// SPDX-License-Identifier: Apache-2.0
// version.h: which Lockstep this is.
//
// A bug report names the exact sources: the build looks the commit up (version.cmake).
#pragma once

namespace lockstep {

// `0.1.0 (31035cc8a1b2)`: the release that this will be or was, and the commit that it was built
// from, with a `+` behind it if files were changed since. Without a repository there is no commit.
[[nodiscard]] const char* version();

}  // namespace lockstep
