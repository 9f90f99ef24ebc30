// SPDX-License-Identifier: Apache-2.0
// The sizes that memory bounds count: a text without a size could fill the memory unnoticed.
#include "engine/rules/sizes.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

#include "tests/support/given.h"

namespace lockstep::test {
namespace {

constexpr std::size_t text_bytes = 1000;

// `make` puts a text into a thing. The thing must be larger by the text, and small without it.
template <class Make>
void expect_follows(const char* what, Make make) {
  SCOPED_TRACE(what);
  const std::size_t empty = size_of(make(std::string()));
  EXPECT_GT(empty, 0u);
  EXPECT_LT(empty, text_bytes);
  EXPECT_EQ(size_of(make(std::string(text_bytes, 'x'))), empty + text_bytes);
}

Parts parts_of(std::string text) { return {TextPart{std::move(text)}}; }

Entry entry_of(Event event) {
  Entry entry;
  entry.events.push_back(std::move(event));
  return entry;
}

ChangeRequest request_of(decltype(Change::what) what) {
  ChangeRequest request;
  request.changes.emplace_back().what = std::move(what);
  return request;
}

Step step_of(decltype(Step::what) what) { return {1, std::move(what)}; }

TEST(Sizes, APartsSizeFollowsEachOfItsTexts) {
  using Text = std::string;
  expect_follows("text", [](Text text) -> Part { return TextPart{text}; });
  expect_follows("reasoning", [](Text text) -> Part { return ReasoningPart{text}; });
  expect_follows("call id", [](Text text) -> Part { return ToolCallPart{text, "", ""}; });
  expect_follows("call name", [](Text text) -> Part { return ToolCallPart{"", text, ""}; });
  expect_follows("arguments", [](Text text) -> Part { return ToolCallPart{"", "", text}; });
  expect_follows("result's call", [](Text text) -> Part { return ToolResultPart{text, ""}; });
  expect_follows("result", [](Text text) -> Part { return ToolResultPart{"", text}; });
  expect_follows("uri", [](Text text) -> Part { return FilePart{text, {}, {}}; });
  expect_follows("media type", [](Text text) -> Part { return FilePart{"", text, {}}; });
  expect_follows("file name", [](Text text) -> Part { return FilePart{"", {}, text}; });
  expect_follows("data name", [](Text text) -> Part { return DataPart{text, {}}; });
  expect_follows("data", [](Text text) -> Part { return DataPart{"", {text}}; });
}

TEST(Sizes, AMessagesSizeFollowsEachOfItsTexts) {
  const auto with = [](auto set) {
    return [set](std::string text) {
      Message message;
      set(message, std::move(text));
      return message;
    };
  };
  expect_follows("parts", with([](Message& to, std::string text) { to.parts = parts_of(text); }));
  expect_follows("author", with([](Message& to, std::string text) { to.author = text; }));
  expect_follows("usage", with([](Message& to, std::string text) { to.usage = Json{text}; }));
  expect_follows("metadata", with([](Message& to, std::string text) { to.metadata = Json{text}; }));
}

TEST(Sizes, AnInputsSizeFollowsEachOfItsTexts) {
  const auto with = [](auto set) {
    return [set](std::string text) {
      MessageInput input;
      set(input, std::move(text));
      return input;
    };
  };
  expect_follows("parts",
                 with([](MessageInput& to, std::string text) { to.parts = parts_of(text); }));
  expect_follows("author", with([](MessageInput& to, std::string text) { to.author = text; }));
  expect_follows("metadata",
                 with([](MessageInput& to, std::string text) { to.metadata = Json{text}; }));
}

TEST(Sizes, AnEntrysSizeFollowsTheTextsOfItsEvents) {
  using Text = std::string;
  const auto with = [](auto event) {
    return [event](std::string text) { return entry_of(event(std::move(text))); };
  };
  expect_follows("title", with([](Text text) -> Event { return ThreadUpdated{text, {}, {}}; }));
  expect_follows("metadata",
                 with([](Text text) -> Event { return ThreadUpdated{{}, {}, Json{text}}; }));
  expect_follows("put", with([](Text text) -> Event {
                   Message message;
                   message.parts = parts_of(text);
                   return MessagePut{message};
                 }));
  expect_follows("author", with([](Text text) -> Event {
                   return MessageCreated{mid("m"), {}, Role::assistant, text, rid("r")};
                 }));
  expect_follows("part",
                 with([](Text text) -> Event { return PartStarted{mid("m"), 0, TextPart{text}}; }));
  expect_follows("append",
                 with([](Text text) -> Event { return ContentAppended{mid("m"), 0, 0, text}; }));
  expect_follows("message's usage", with([](Text text) -> Event {
                   return MessageEnded{mid("m"), MessageStatus::complete, Json{text}};
                 }));
  expect_follows("input", with([](Text text) -> Event {
                   return RunQueued{rid("r"), {}, {said("m", text)}, {}, {}};
                 }));
  expect_follows("params", with([](Text text) -> Event {
                   return RunQueued{rid("r"), {}, {}, {}, Json{text}};
                 }));
  expect_follows("run's usage", with([](Text text) -> Event {
                   return RunEnded{rid("r"), RunStatus::completed, {}, Json{text}};
                 }));
  expect_follows("run's error", with([](Text text) -> Event {
                   return RunEnded{rid("r"), RunStatus::failed, RunError{"failed", text}, {}};
                 }));
}

TEST(Sizes, EachEventAndAckCountsThoughItHasNoText) {
  const std::vector<Event> events{MessageDeleted{mid("m")}, HeadMoved{{}, {}},
                                  RunStarted{rid("r"), 1, {}, {}, {}}};
  for (const Event& event : events) {
    SCOPED_TRACE(event.index());
    EXPECT_GT(size_of(entry_of(event)), size_of(Entry{}));
  }
  Entry acked;
  acked.acks.resize(3);
  EXPECT_GE(size_of(acked), size_of(Entry{}) + 3 * sizeof(Hash));
}

TEST(Sizes, ACutCountsEachLengthThatItKeeps) {
  const std::vector<Units> keep(100, 7);

  EXPECT_EQ(size_of(entry_of(MessageCut{mid("m"), keep})),
            size_of(entry_of(MessageCut{mid("m"), {}})) + keep.size() * sizeof(Units));
}

TEST(Sizes, AnEntryIsNoSmallerThanAllItsTextsTogether) {
  Entry entry;
  const std::string text(text_bytes, 'x');
  for (int event = 0; event < 10; ++event) {
    entry.events.emplace_back(ContentAppended{mid("m"), 0, 0, text});
    Message message;
    message.parts = {TextPart{text}, ReasoningPart{text}, ToolCallPart{"c", text, text}};
    entry.events.emplace_back(MessagePut{message});
  }

  EXPECT_GE(size_of(entry), 10 * 5 * text_bytes);
  EXPECT_LT(size_of(entry), 2 * 10 * 5 * text_bytes);
}

TEST(Sizes, ARequestsSizeFollowsTheTextsOfItsChanges) {
  using Text = std::string;
  const auto with = [](auto change) {
    return [change](std::string text) { return request_of(change(std::move(text))); };
  };
  expect_follows("input", with([](Text text) { return ask("r", "m", text); }));
  expect_follows("params", with([](Text text) {
                   StartRun start;
                   start.params = Json{text};
                   return start;
                 }));
  expect_follows("put", with([](Text text) { return put("m", text); }));
  expect_follows("put's metadata", with([](Text text) {
                   PutMessage put;
                   put.metadata = Json{text};
                   return put;
                 }));
  expect_follows("title", with([](Text text) { return UpdateThread{text, {}, {}}; }));
  expect_follows("metadata", with([](Text text) { return UpdateThread{{}, {}, Json{text}}; }));
}

TEST(Sizes, ARequestCountsItsChangesAndTheIdsInThem) {
  ChangeRequest request = request_of(MoveHead{});
  const std::size_t one = size_of(request);
  EXPECT_GT(one, size_of(ChangeRequest{}));
  request.changes.emplace_back().what = DeleteMessage{};
  EXPECT_EQ(size_of(request) - one, one - size_of(ChangeRequest{}));

  expect_follows("author", [](std::string text) {
    PutMessage put;
    put.author = text;
    return request_of(put);
  });

  StopRun stopped;
  const std::size_t blind = size_of(request_of(stopped));
  stopped.shown.resize(100);
  EXPECT_EQ(size_of(request_of(stopped)), blind + 100 * sizeof(Shown));

  StartRun started;
  const std::size_t alone = size_of(request_of(started));
  started.needs.resize(100);
  EXPECT_EQ(size_of(request_of(started)), alone + 100 * sizeof(Op));
}

TEST(Sizes, AStepsSizeFollowsEachOfItsTexts) {
  expect_follows("author", [](std::string text) {
    return step_of(OpenMessage{mid("m"), {}, Role::assistant, text});
  });
  expect_follows("part", [](std::string text) {
    return step_of(StartPart{mid("m"), {}, ToolCallPart{"", "", text}});
  });
  expect_follows("append", [](std::string text) { return token(1, "m", text); });
  expect_follows("message's usage", [](std::string text) {
    return step_of(EndMessage{mid("m"), MessageStatus::complete, Json{text}});
  });
  expect_follows("run's usage", [](std::string text) {
    return step_of(EndRun{RunStatus::completed, {}, Json{text}});
  });
  expect_follows("run's error", [](std::string text) {
    return step_of(EndRun{RunStatus::failed, RunError{"failed", text}, {}});
  });
}

TEST(Sizes, ABatchIsAsLargeAsItsStepsAndAPathAsItsMessages) {
  const StepBatch steps = batch("r", {opened(1, "m"), token(2, "m", "one"), run_over(3)});
  std::size_t sum = size_of(StepBatch{});
  for (const Step& step : steps.steps) sum += size_of(step);
  EXPECT_EQ(size_of(steps), sum);

  Message message;
  message.parts = parts_of(std::string(text_bytes, 'x'));
  EXPECT_EQ(size_of(std::vector<Message>{}), 0u);
  EXPECT_EQ(size_of(std::vector(3, message)), 3 * size_of(message));
}

}  // namespace
}  // namespace lockstep::test
