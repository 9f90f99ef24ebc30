// SPDX-License-Identifier: Apache-2.0
// tidy_rules.h: the rules of the project that the compiler does not check.
//
// Each rule is a pure function from sources to findings. A rule reads text, not a syntax tree, so
// it is an approximation: it is rarely wrong, and what it overlooks is left to review. The tables
// at the top of tidy_rules.cc hold the exceptions, each with its reason.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace lockstep::tidy {

struct Source {
  std::string path;  // from the root of the sources, with slashes
  std::string text;
};

struct Finding {
  std::string path;
  std::size_t line = 0;  // from 1; 0: the file as a whole
  std::string what;
  friend bool operator==(const Finding&, const Finding&) = default;
};
using Findings = std::vector<Finding>;

// A header begins with `// name.h: ` and a paragraph, and is included once.
[[nodiscard]] Findings essay(const Source& source);
// A source file begins with its licence.
[[nodiscard]] Findings licence(const Source& source);
// Headers, files, lines and a folder's CMakeLists.txt have a greatest length.
[[nodiscard]] Findings lengths(const Source& source);
// A folder includes only what the arrows allow.
[[nodiscard]] Findings includes(const Source& source);
// Words that may not occur, or only in named files.
[[nodiscard]] Findings words(const Source& source);
// Numbers above 64 have a name, in a file of limits.
[[nodiscard]] Findings numbers(const Source& source);
// A test's name is a sentence.
[[nodiscard]] Findings test_names(const Source& source);
// Nothing speaks of the machine that it was written on.
[[nodiscard]] Findings machine_paths(const Source& source);

// A source that no CMakeLists.txt names, a header that no file includes.
[[nodiscard]] Findings dead_files(std::span<const Source> tree);
// A type of the program that two files define, outside of unnamed namespaces.
[[nodiscard]] Findings types_defined_twice(std::span<const Source> tree);

}  // namespace lockstep::tidy
