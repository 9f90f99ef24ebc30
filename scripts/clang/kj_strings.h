// kj_strings.h: makes Cap'n Proto 0.9's strings readable for clang 16 and later.
//
// They leave `"text" == string` to the rewritten comparisons of C++20, if there are any. Since P2468 a
// class that also has operator!= gets none, so clang finds no comparison; g++ 12 does not know that rule
// yet. Here the header is told that there are none, and brings its own. Included before all else by the
// fuzz targets' compiler and by clang-tidy, by a flag; by nobody else.
#pragma once

// What is done here to a macro of the compiler is meant.
#pragma GCC system_header

#include <compare>
#include <initializer_list>
#include <string>

#pragma push_macro("__cpp_impl_three_way_comparison")
#undef __cpp_impl_three_way_comparison
#include <kj/string.h>
#pragma pop_macro("__cpp_impl_three_way_comparison")
