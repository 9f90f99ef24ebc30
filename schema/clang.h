// SPDX-License-Identifier: Apache-2.0
// clang.h: lets Clang read Cap'n Proto's headers as C++20 and later.
//
// Version 0.9 leaves two operators to be made up by the compiler from their mirror images. GCC does
// so; Clang follows a later ruling of the standard (P2468) by which it must not, as a mirrored `!=`
// stands beside them. To be included before any header of Cap'n Proto. Nothing for other compilers.
#pragma once

#if defined(__clang__)

#include <kj/string.h>

namespace kj {

inline bool operator==(const char* text, const StringPtr& other) {
  return other.operator==(StringPtr(text));
}
inline bool operator!=(const char* text, const StringPtr& other) {
  return !other.operator==(StringPtr(text));
}

}  // namespace kj

#endif
