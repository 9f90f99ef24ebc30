// SPDX-License-Identifier: Apache-2.0
#include "server/inference/http_date.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <string>
#include <vector>

namespace lockstep {
namespace {

using std::chrono::year;

// The words of a date, without its weekday and the marks between them.
std::vector<std::string_view> words_of(std::string_view text) {
  constexpr std::string_view between = " ,-:";
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find_first_of(between));
    if (!word.empty()) words.push_back(word);
    text.remove_prefix(std::min(text.size(), word.size() + 1));
  }
  if (!words.empty()) words.erase(words.begin());
  return words;
}

std::optional<int> number(std::string_view word, int most) {
  int value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  const bool whole = error == std::errc() && end == word.data() + word.size();
  return whole && value >= 0 && value <= most ? std::optional(value) : std::nullopt;
}

std::optional<unsigned> month(std::string_view word) {
  constexpr std::array<std::string_view, 12> names{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto* found = std::ranges::find(names, word);
  if (found == names.end()) return {};
  return static_cast<unsigned>(found - names.begin()) + 1;
}

std::optional<int> year_of(std::string_view word) {
  constexpr int last_year = 9999;
  const std::optional<int> value = number(word, last_year);
  if (!value || word.size() != 2) return value;
  // RFC 9110 asks for the year that lies at most 50 years ahead; this is good until 2049.
  constexpr int century_turns = 70;
  return *value < century_turns ? *value + 2000 : *value + 1900;
}

}  // namespace

std::optional<std::int64_t> read_http_date(std::string_view text) {
  std::vector<std::string_view> words = words_of(text);
  constexpr std::size_t words_of_a_date = 6;
  if (words.size() == words_of_a_date + 1 && words.back() == "GMT") words.pop_back();
  if (words.size() != words_of_a_date) return {};
  // The obsolete form of C: month, day, time, year.
  if (month(words[0])) words = {words[1], words[0], words[5], words[2], words[3], words[4]};
  const auto day = number(words[0], 31);
  const auto in_year = month(words[1]);
  const auto years = year_of(words[2]);
  const auto hour = number(words[3], 23);
  const auto minute = number(words[4], 59);
  const auto second = number(words[5], 60);  // a leap second
  if (!day || !in_year || !years || !hour || !minute || !second) return {};
  const std::chrono::year_month_day date(year(*years), std::chrono::month(*in_year),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return {};
  const auto time = std::chrono::sys_days(date) + std::chrono::hours(*hour) +
                    std::chrono::minutes(*minute) + std::chrono::seconds(*second);
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

}  // namespace lockstep
