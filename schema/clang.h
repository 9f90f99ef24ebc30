// SPDX-License-Identifier: Apache-2.0
// clang.h: lets Clang read Cap'n Proto's headers as C++20 and later.
//
// Cap'n Proto 0.9 relies on the compiler to derive two operators from their mirror images. GCC does
// so; Clang follows a later ruling of the standard (P2468), which forbids it because a mirrored
// `!=` exists too. Include this before any header of Cap'n Proto. It is empty for other compilers.
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
