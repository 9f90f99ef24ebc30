// SPDX-License-Identifier: Apache-2.0
// version.h: the version of this program.
//
// The build looks up the commit (version.cmake), so that a bug report names the exact sources.
#pragma once

namespace lockstep {

// `0.1.0 (31035cc8a1b2)`: the release, and the commit of the sources, with a `+` behind it if files
// differ from that commit. A build outside of a repository has no commit.
[[nodiscard]] const char* version();

}  // namespace lockstep
