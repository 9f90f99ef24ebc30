// SPDX-License-Identifier: Apache-2.0
#include "server/inference/retry.h"

#include <gtest/gtest.h>

#include <ctime>

#include "server/inference/http_date.h"
#include "server/inference/limits.h"
#include "tests/inference/loop.h"

namespace lockstep {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t november_1994 = 784'111'777;

TEST(HttpDate, TakesTheThreeForms) {
  for (const char* text : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                           "Sun Nov  6 08:49:37 1994"}) {
    EXPECT_EQ(read_http_date(text), november_1994) << text;
  }
  EXPECT_EQ(read_http_date("Mon, 29 Feb 2044 23:59:60 GMT"), 2'340'403'200);
}

TEST(HttpDate, ReadsBackEveryTimeInEveryForm) {
  TestRandom random;
  constexpr std::uint64_t year_2049 = 2'493'072'000;  // two digits of a year mean 1970 to 2069
  for (int i = 0; i < 2000; ++i) {
    const auto time = static_cast<std::time_t>((random.next() >> 16) % year_2049);
    std::tm parts{};
    ::gmtime_r(&time, &parts);
    for (const char* form :
         {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"}) {
      char text[64];
      ASSERT_GT(std::strftime(text, sizeof text, form, &parts), 0u);
      EXPECT_EQ(read_http_date(text), time) << text;
    }
  }
}

TEST(HttpDate, TakesAnyBytesWithoutHarm) {
  TestRandom random;
  const std::string some = "SunNovGMT 0123456789,-: \xff";
  for (int i = 0; i < 5000; ++i) {
    std::string text(random.next() >> 16 & 31u, ' ');
    for (char& c : text) c = some[(random.next() >> 16) % some.size()];
    const auto read = read_http_date(text);
    EXPECT_TRUE(!read || *read > -62'167'219'201) << text;
  }
}

TEST(HttpDate, RefusesWhatIsNoDate) {
  for (const char* text :
       {"", "soon", "Sun, 31 Feb 2027 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Nov 199499 08:49:37 GMT",
        "Sun, -6 Nov 1994 08:49:37 GMT x", "1 2 3 4 5 6"}) {
    EXPECT_FALSE(read_http_date(text)) << text;
  }
}

HttpHead asking(const std::string& retry_after) {
  HttpHead head;
  head.status = 429;
  head.retry_after = retry_after;
  return head;
}

TEST(AskedPause, IsReadInSecondsAndInMilliseconds) {
  EXPECT_EQ(asked_pause(asking("2"), Timestamp(0)), 2s);
  EXPECT_EQ(asked_pause(asking("0.25"), Timestamp(0)), 250ms);
  HttpHead both = asking("30");
  both.retry_after_ms = "40.5";
  EXPECT_EQ(asked_pause(both, Timestamp(0)), 40ms);
}

TEST(AskedPause, OfADateCountsFromTheDateOfTheAnswerAndElseFromTheClock) {
  HttpHead head = asking("Sun, 06 Nov 1994 08:49:37 GMT");
  head.date = "Sun, 06 Nov 1994 08:49:27 GMT";
  const Timestamp five_before(static_cast<std::uint64_t>(november_1994 - 5) * 1'000'000);
  EXPECT_EQ(asked_pause(head, five_before), 10s);
  head.date.clear();
  EXPECT_EQ(asked_pause(head, five_before), 5s);
}

TEST(AskedPause, OfADateInThePastIsNone) {
  const HttpHead head = asking("Sun, 06 Nov 1994 08:49:37 GMT");

  EXPECT_EQ(asked_pause(head, Timestamp(std::uint64_t{2'000'000'000} * 1'000'000)), 0ms);
}

TEST(AskedPause, IsBoundedAndReadsNoNonsense) {
  for (const char* text : {"99999999999999999999", "1e300", "Fri, 01 Jan 2100 00:00:00 GMT"}) {
    const auto pause = asked_pause(asking(text), Timestamp(0));
    ASSERT_TRUE(pause) << text;
    EXPECT_EQ(*pause, 2 * limits::retry_wait_max) << text;
  }
  for (const char* text : {"", "-1", "nan", "later", "1 s"}) {
    EXPECT_FALSE(asked_pause(asking(text), Timestamp(0))) << text;
  }
}

TEST(MayPass, IsRefusedToWhatCannotSucceed) {
  const std::pair<unsigned, std::string> never[] = {
      {429, R"({"error":{"message":"x","type":"insufficient_quota","code":"insufficient_quota"}})"},
      {429, R"({"error":{"type":"exceeded_current_quota_error"}})"},
      {429, R"({"code":"insufficient_quota"})"},
      {500, R"({"error":{"type":"invalid_request_error"}})"},
      {500, R"({"error":{"code":400,"type":"exceed_context_size_error"}})"},
      {400, ""},
      {401, ""},
      {404, ""},
      {501, ""},
      {505, ""}};
  for (const auto& [status, body] : never) {
    HttpHead head;
    head.status = status;
    EXPECT_FALSE(may_pass_by_itself(head, body)) << status << body;
  }
}

TEST(MayPass, IsGrantedToWhatPasses) {
  for (const unsigned status : {408u, 429u, 500u, 502u, 503u, 504u, 529u}) {
    for (const std::string body : {"", "<html>", R"({"error":{"type":"rate_limit_exceeded"}})",
                                   R"({"error":{"code":503,"type":"unavailable_error"}})",
                                   R"({"error":"loading","code":null})", "[]"}) {
      HttpHead head;
      head.status = status;
      EXPECT_TRUE(may_pass_by_itself(head, body)) << status << body;
      head.should_retry = "false";
      EXPECT_FALSE(may_pass_by_itself(head, body)) << status << body;
    }
  }
}

TEST(OwnPause, DoublesAndIsNeverShorterThanHalf) {
  TestRandom random;
  for (int i = 0; i < 100; ++i) {
    for (unsigned tries = 1; tries < limits::tries_max; ++tries) {
      const auto whole = limits::retry_first * (1u << (tries - 1));
      const auto pause = own_pause(tries, limits::retry_first, random);
      EXPECT_GE(pause, whole / 2);
      EXPECT_LE(pause, whole);
    }
  }
}

}  // namespace
}  // namespace lockstep
