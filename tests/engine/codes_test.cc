// SPDX-License-Identifier: Apache-2.0
// The pages about codes and the list in codes.h say the same.
#include "engine/base/codes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep {
namespace {

using Names = std::vector<std::string>;

std::string page(const std::string& name) {
  std::ifstream file(std::string(LOCKSTEP_SOURCE_DIR) + "/docs/" + name);
  return {std::istreambuf_iterator<char>(file), {}};
}

Names lines_of(std::string_view text) {
  Names lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// The texts between two backticks.
Names quoted_in(std::string_view text) {
  Names quoted;
  std::size_t begin = text.find('`');
  while (begin != std::string_view::npos) {
    const std::size_t end = text.find('`', begin + 1);
    if (end == std::string_view::npos) break;
    quoted.emplace_back(text.substr(begin + 1, end - begin - 1));
    begin = text.find('`', end + 1);
  }
  return quoted;
}

// The code of each row in docs/codes.md.
Names codes_of_rows() {
  Names codes;
  for (const std::string& line : lines_of(page("codes.md"))) {
    if (!line.starts_with("| `")) continue;
    codes.push_back(quoted_in(line).front());
  }
  return codes;
}

// The rows of the table of statuses in docs/protocol.md.
Names rows_of_statuses() {
  Names rows;
  bool inside = false;
  for (const std::string& line : lines_of(page("protocol.md"))) {
    if (line == "| status | codes |") inside = true;
    if (inside && !line.starts_with('|')) break;
    if (inside) rows.push_back(line);
  }
  return rows;
}

bool is_known(std::string_view name) {
  return std::ranges::find(codes::all, name) != codes::all.end();
}

TEST(Codes, AreListedInOrderAndWithoutDuplicates) {
  const auto misplaced = std::ranges::adjacent_find(codes::all, std::ranges::greater_equal());

  EXPECT_TRUE(misplaced == codes::all.end()) << *misplaced << " is not before the next one";
}

TEST(Codes, HaveEachARowInTheManual) {
  const Names rows = codes_of_rows();

  Names missing;
  for (const std::string_view code : codes::all) {
    if (std::ranges::find(rows, code) == rows.end()) missing.emplace_back(code);
  }

  EXPECT_EQ(missing, Names()) << "add a row to docs/codes.md";
}

TEST(Codes, AreKnownIfTheManualHasARowForThem) {
  const Names rows = codes_of_rows();
  ASSERT_FALSE(rows.empty()) << "docs/codes.md has no rows";

  Names unknown;
  std::ranges::remove_copy_if(rows, std::back_inserter(unknown), is_known);

  EXPECT_EQ(unknown, Names()) << "these are not in engine/base/codes.h";
}

TEST(Codes, HaveAtMostOneRowInTheManual) {
  std::set<std::string> seen;
  Names repeated;
  for (const std::string& code : codes_of_rows()) {
    if (!seen.insert(code).second) repeated.push_back(code);
  }

  EXPECT_EQ(repeated, Names()) << "leave one row of each in docs/codes.md";
}

TEST(Codes, AreKnownIfTheProtocolNamesThemForAStatus) {
  static const std::set<std::string> others{"path", "Retry-After", "chunked"};
  std::size_t known = 0;
  Names unknown;
  for (const std::string& row : rows_of_statuses()) {
    for (const std::string& word : quoted_in(row)) {
      if (is_known(word)) {
        ++known;
      } else if (!others.contains(word)) {
        unknown.push_back(word);
      }
    }
  }

  EXPECT_GT(known, 30u);
  EXPECT_EQ(unknown, Names()) << "these are not in engine/base/codes.h";
}

}  // namespace
}  // namespace lockstep
