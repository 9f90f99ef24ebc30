// SPDX-License-Identifier: Apache-2.0
// Tests of the simulation itself: it must be deterministic and complete before its result counts.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/coverage.h"
#include "tests/sim/world.h"

namespace lockstep::sim {
namespace {

constexpr std::uint64_t seeds = 24;

Story story_of(std::uint64_t seed, std::set<std::size_t> without = {}) {
  test::Counts counts;
  World world({.seed = seed, .without = std::move(without), .on_trace = {}}, counts);
  return world.run();
}

TEST(Simulation, ASeedIsTheSameRunWheneverItIsRun) {
  std::vector<std::uint64_t> first;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) first.push_back(story_of(seed).hash);

  std::vector<std::uint64_t> again;
  for (std::uint64_t seed = seeds; seed > 0; --seed) {
    again.insert(again.begin(), story_of(seed).hash);
  }

  EXPECT_EQ(first, again);
}

TEST(Simulation, AnotherSeedIsAnotherRun) { EXPECT_NE(story_of(1).hash, story_of(2).hash); }

TEST(Simulation, LeavingOutActsOfAPlanChangesTheRun) {
  std::set<std::size_t> all;
  for (std::size_t place = 0; place < make_plan(3).size(); ++place) all.insert(place);

  const Story nothing = story_of(3, all);

  EXPECT_EQ(nothing.wrong, "");
  EXPECT_LT(nothing.events, story_of(3).events);
}

TEST(Simulation, ACaseThatNeverHappenedIsNamed) {
  test::Counts counts;
  for (const std::string& name : must_happen()) counts[name] = 1;
  EXPECT_TRUE(missed(counts).empty());

  counts.erase("fault: torn tail");

  EXPECT_EQ(missed(counts), (std::vector<std::string>{"fault: torn tail"}));
}

// Codes that the engine does not give, or whose changes no plan has, with the test that covers
// each. Empty: reserved by the protocol.
const std::map<std::string, const char*>& seen_elsewhere() {
  static const std::map<std::string, const char*> tests{
      {"malformed", "server/http_test.cc"},
      {"invalid_utf8", "server/http_test.cc"},
      {"lone_surrogate", "server/http_test.cc"},
      {"unauthorized", "server/revoked_test.cc"},
      {"forbidden", nullptr},
      {"forbidden_origin", "server/http_test.cc"},
      {"forbidden_host", "server/http_test.cc"},
      {"not_found", "server/http_test.cc"},
      {"method_not_allowed", "server/http_test.cc"},
      {"not_acceptable", "server/http_test.cc"},
      {"timeout", "server/time_test.cc"},
      {"unsupported_media_type", "server/http_test.cc"},
      {"expectation_failed", "server/http_test.cc"},
      {"unknown_field", "server/http_test.cc"},
      {"id_in_use", "server/socket_test.cc"},
      {"upgrade_required", "server/http_test.cc"},
      {"header_too_large", "server/http_test.cc"},
      {"corrupt", "e2e/damage.test.mjs"},
      {"not_implemented", "server/http_rules_test.cc"},
      {"storage_failed", "e2e/disk.test.mjs"},
      {"quota", "e2e/blobs.test.mjs"},
      {"unknown_blob", "e2e/blobs.test.mjs"},
  };
  return tests;
}

std::string text_of_file(const std::string& path) {
  std::ifstream file(std::string(LOCKSTEP_SOURCE_DIR) + "/" + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The words in backticks.
std::set<std::string> codes_in(std::string_view text) {
  std::set<std::string> codes;
  for (std::size_t at = text.find('`'); at != std::string_view::npos; at = text.find('`', at)) {
    const std::size_t end = text.find('`', at + 1);
    codes.emplace(text.substr(at + 1, end - at - 1));
    at = end + 1;
  }
  codes.erase("path");
  codes.erase("Retry-After");
  codes.erase("chunked");
  return codes;
}

std::set<std::string> codes_between(const std::string& page, const char* begin, const char* end) {
  const std::size_t first = page.find(begin);
  return codes_in(std::string_view(page).substr(first, page.find(end, first) - first));
}

TEST(Simulation, MeetsEachRefusalOfTheProtocolThatIsTheEngines) {
  const std::string page = text_of_file("docs/protocol.md");
  std::set<std::string> codes = codes_between(page, "| status | codes |", "\n\n`unknown_history`");
  codes.merge(codes_between(page, "**Refusals of changes**", "\n\n**Digest.**"));
  EXPECT_GT(codes.size(), 40u);
  for (const std::string& code : codes) {
    if (const auto elsewhere = seen_elsewhere().find(code); elsewhere != seen_elsewhere().end()) {
      if (!elsewhere->second) continue;
      const std::string test = text_of_file(std::string("tests/") + elsewhere->second);
      EXPECT_NE(test.find('"' + code + '"'), std::string::npos)
          << code << " is not in " << elsewhere->second;
      continue;
    }
    const auto names = [&](const std::string& name) { return name.ends_with(" " + code); };
    EXPECT_TRUE(std::ranges::any_of(must_happen(), names)) << code << " never has to happen";
  }
}

}  // namespace
}  // namespace lockstep::sim
