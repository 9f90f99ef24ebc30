// SPDX-License-Identifier: Apache-2.0
#include "server/base/usage_json.h"

#include <gtest/gtest.h>

#include "server/base/usage_limits.h"

namespace lockstep {
namespace {

TEST(UsageJson, EachKindOfServerIsUnderstood) {
  EXPECT_EQ(read_usage(R"({"prompt_tokens":9,"completion_tokens":4,"total_tokens":13,)"
                       R"("prompt_tokens_details":{"cached_tokens":5}})"),
            (UsageCounts{0, 9, 5, 4}));
  EXPECT_EQ(read_usage(R"({"prompt_tokens":9,"completion_tokens":4,"prompt_cache_hit_tokens":3})"),
            (UsageCounts{0, 9, 3, 4}));
  EXPECT_EQ(read_usage(R"({"input_tokens":9,"output_tokens":4,)"
                       R"("input_tokens_details":{"cached_tokens":2}})"),
            (UsageCounts{0, 9, 2, 4}));
  EXPECT_EQ(read_usage(R"({"input_tokens":9,"cache_read_input_tokens":100,)"
                       R"("cache_creation_input_tokens":20,"output_tokens":4})"),
            (UsageCounts{0, 129, 100, 4}))
      << "Anthropic counts the cache apart";
}

TEST(UsageJson, WhatIsNotToldOrCannotBeIsNothing) {
  for (const char* text : {"", "{}", "[]", "7", "{", R"({"prompt_tokens":-1})",
                           R"({"prompt_tokens":1.5,"completion_tokens":"3"})"}) {
    EXPECT_EQ(read_usage(text), UsageCounts()) << text;
  }
  EXPECT_EQ(read_usage(R"({"prompt_tokens":4,"prompt_tokens_details":{"cached_tokens":9}})").cached,
            4u);
  EXPECT_EQ(read_usage(R"({"prompt_tokens":18446744073709551615})").input,
            limits::usage_tokens_max);
}

}  // namespace
}  // namespace lockstep
