// SPDX-License-Identifier: Apache-2.0
// Laws over random paths and settings: what is left out of a request that is too long.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "server/inference/context_fit.h"
#include "tests/inference/limited.h"

namespace lockstep {
namespace {

namespace json = boost::json;

class RandomPath {
 public:
  explicit RandomPath(unsigned seed) : random_(seed) {}

  std::vector<Message> make() {
    std::vector<Message> path;
    std::vector<std::string> open;
    const auto length = 1 + random_() % 30;
    for (unsigned number = 1; number <= length; ++number) {
      const auto kind = random_() % 10;
      Role role = Role::user;
      std::vector<Part> parts;
      if (kind < 4) {
        parts = {TextPart{text("user", number)}};
        if (random_() % 9 == 0) parts.clear();
      } else if (kind < 8) {
        role = Role::assistant;
        if (random_() % 3 == 0) parts.emplace_back(ReasoningPart{text("thought", number)});
        if (random_() % 4 != 0) parts.emplace_back(TextPart{text("answer", number)});
        if (random_() % 3 == 0) {
          open.push_back("c" + std::to_string(random_() % 5));
          parts.emplace_back(
              ToolCallPart{open.back(), "f", R"({"of":)" + std::to_string(number) + "}"});
        }
      } else if (kind == 8 && !open.empty()) {
        role = Role::tool;
        parts = {ToolResultPart{open[random_() % open.size()], text("result", number)}};
      } else if (kind == 9 && random_() % 3 == 0) {
        role = Role::system;
        parts = {TextPart{text("system", number)}};
      }
      path.push_back(message(static_cast<int>(number), role, std::move(parts)));
      if (role == Role::assistant && random_() % 2 == 0) {
        path.back().usage = usage(static_cast<int>(random_() % 2000));
      }
    }
    return path;
  }

  RequestSettings settings() {
    RequestSettings settings = limited(50 + random_() % 1500);
    settings.join = random_() % 3 != 0;
    settings.reasoning = static_cast<ReasoningBack>(random_() % 3);
    if (random_() % 2 == 0) settings.system = words(random_() % 200);
    return settings;
  }

 private:
  std::string text(const char* what, unsigned number) {
    return std::string(what) + "-" + std::to_string(number) + "-" + words(random_() % 400);
  }

  std::mt19937 random_;
};

// What a server reads, by its own count: the bytes of all values.
std::uint64_t tokens_of(const json::value& value) {
  std::uint64_t bytes = 0;
  if (value.is_string()) return value.as_string().size() / limits::bytes_per_token;
  if (value.is_array()) {
    for (const json::value& each : value.as_array()) bytes += tokens_of(each);
  } else if (value.is_object()) {
    for (const auto& [key, each] : value.as_object()) bytes += tokens_of(each);
  }
  return bytes;
}

void check(const std::vector<Message>& path, const RequestSettings& settings) {
  const Sent sent = compose(path, settings);
  RequestSettings free = settings;
  free.context_tokens.reset();
  const Sent whole = compose(path, free);
  const std::vector<std::string> dropped = ids_of(sent, "dropped");
  const std::set<std::string> left_out(dropped.begin(), dropped.end());

  // The oldest ones, in order, but none of the system's, and nothing of the last user's turn.
  std::vector<std::string> oldest;
  for (const Message& each : path) {
    if (oldest.size() == dropped.size()) break;
    if (each.role != Role::system) oldest.push_back(each.id.get());
  }
  EXPECT_EQ(dropped, oldest);
  const auto last = std::ranges::find_if(path.rbegin(), path.rend(), [](const Message& each) {
    return each.role == Role::user && !each.parts.empty();
  });
  EXPECT_TRUE(last == path.rend() || !left_out.contains(last->id.get()));

  // What is left out is what `dropped` names.
  for (const Message& each : path) {
    for (const Part& part : each.parts) {
      const auto* text = std::get_if<TextPart>(&part);
      if (text) {
        EXPECT_EQ(sent.body.contains(text->text), !left_out.contains(each.id.get()));
      }
      const auto* call = std::get_if<ToolCallPart>(&part);
      if (call) {
        const std::string number = call->arguments.substr(6);
        EXPECT_EQ(sent.body.contains(R"({\"of\":)" + number), !left_out.contains(each.id.get()));
      }
    }
  }

  // Calls and results are together, and what remains begins with a user's turn.
  std::string roles = roles_of(sent);
  EXPECT_EQ(roles.contains("ut"), false) << roles;
  EXPECT_EQ(roles.contains("st"), false) << roles;
  EXPECT_FALSE(settings.join && roles.contains("uu")) << roles;
  std::erase(roles, 's');
  EXPECT_TRUE(dropped.empty() || roles.starts_with('u')) << roles;

  // It fits, and is shortened only if it must be.
  if (!sent.refusal) {
    EXPECT_LE(tokens_of(json::parse(sent.body).at("messages")), *settings.context_tokens - 10);
  }
  EXPECT_TRUE(!dropped.empty() || sent.body == whole.body);
  EXPECT_EQ(sent.body, compose(path, settings).body);
}

TEST(ContextFitLaw, LeavesOutExactlyWhatItNamesAndFits) {
  std::size_t shortened = 0;
  std::size_t refused = 0;
  for (unsigned seed = 0; seed < 5'000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomPath random(seed);
    const std::vector<Message> path = random.make();
    const RequestSettings settings = random.settings();
    check(path, settings);
    const Sent sent = compose(path, settings);
    shortened += !sent.refusal && !ids_of(sent, "dropped").empty() ? 1 : 0;
    refused += sent.refusal ? 1 : 0;
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_GT(shortened, 500u);
  EXPECT_GT(refused, 100u);
}

// A thread that grows under the eyes of a server with its own tokenizer, which refuses what is too
// long, and tells its count of the rest.
TEST(ContextFitLaw, ServesAThreadThatGrowsForEver) {
  for (const std::uint64_t server_bytes_per_token : {1, 2, 3, 4, 6}) {
    SCOPED_TRACE(server_bytes_per_token);
    std::mt19937 random(static_cast<unsigned>(server_bytes_per_token));
    const RequestSettings settings = limited(20'000);
    std::vector<Message> path;
    for (int turn = 0; turn < 300; ++turn) {
      path.push_back(message(2 * turn + 1, Role::user, {TextPart{words(random() % 1000)}}));
      const Sent sent = compose(path, settings);
      ASSERT_FALSE(sent.refusal) << detail_of(sent);
      std::uint64_t bytes = 0;
      const json::value body = json::parse(sent.body);
      for (const json::value& each : body.at("messages").as_array()) {
        bytes += each.at("content").as_string().size();
      }
      const std::uint64_t tokens = bytes / server_bytes_per_token;
      ASSERT_LE(tokens, 20'000u) << "turn " << turn;
      path.push_back(message(2 * turn + 2, Role::assistant, {TextPart{words(random() % 1000)}}));
      path.back().usage = usage(static_cast<int>(tokens));
    }
  }
}

}  // namespace
}  // namespace lockstep
