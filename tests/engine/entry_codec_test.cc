// SPDX-License-Identifier: Apache-2.0
#include "engine/store/entry_codec.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <iostream>

#include "engine/base/limits.h"
#include "engine/rules/fold.h"
#include "engine/store/packed.h"
#include "schema/event.capnp.h"
#include "tests/support/arbitrary.h"
#include "tests/support/small_state.h"

namespace lockstep {
namespace {

constexpr std::uint64_t then = small_state_at.get();

Entry entry_of(std::vector<Event> events) {
  Entry entry;
  entry.at = Timestamp(then + 20'000);
  entry.previous = Timestamp(then);
  entry.events = std::move(events);
  return entry;
}

Entry token(std::uint64_t seq, std::uint32_t part, std::string text) {
  Entry entry = entry_of({ContentAppended{MessageId("m.live"), part, 1234, std::move(text)}});
  entry.producer = ProducerOffset{RunId("r.second"), 1, seq};
  return entry;
}

// Empty if the entry comes back as it was; else what went wrong.
std::string trouble(const Entry& entry, const ThreadState& before, const ThreadState& names) {
  const Result<Entry> back = decode(encode(entry, before), entry.at, names);
  if (!back) return back.error().code + ": " + back.error().detail;
  return *back == entry ? "" : "another entry";
}

Result<Entry> decode_small(std::string_view bytes) {
  return decode(bytes, Timestamp(then + 20'000), small_state());
}

// --- Round trips ---------------------------------------------------------------------------------

TEST(EntryCodec, EveryEntryComesBackAsItWas) {
  const ThreadState state = small_state();

  EXPECT_TRUE(rc::check("decode(encode(entry)) == entry", [&] {
    const Entry entry = *arbitrary_entry(state);

    RC_ASSERT(trouble(entry, state, state) == "");
  }));
}

TEST(EntryCodec, EveryPartComesBackWithAndWithoutItsOptionalFields) {
  const std::vector<Part> parts{TextPart{},
                                TextPart{"text"},
                                ReasoningPart{"because"},
                                ToolCallPart{"c", "look", "{}"},
                                ToolCallPart{},
                                ToolResultPart{"c", "found"},
                                FilePart{"https://example.org", {}, {}},
                                FilePart{"u", "text/plain", {}},
                                FilePart{"u", {}, "name"},
                                FilePart{"u", "", ""},
                                DataPart{"n", Json{"[1]"}}};
  const ThreadState state = small_state();

  for (const Part& part : parts) {
    EXPECT_EQ(trouble(entry_of({PartStarted{MessageId("m.live"), 1, part}}), state, state), "");
  }
}

TEST(EntryCodec, EveryStatusAndRoleComesBack) {
  const ThreadState state = small_state();
  const MessageId live("m.live");

  for (int number = 0; number < 5; ++number) {
    const auto status = static_cast<MessageStatus>(number);
    EXPECT_EQ(trouble(entry_of({MessageEnded{live, status, {}}}), state, state), "");
    EXPECT_EQ(trouble(entry_of({MessageCut{live, {}, status}}), state, state), "");
  }
  for (int number = 0; number < 7; ++number) {
    const auto status = static_cast<RunStatus>(number);
    EXPECT_EQ(trouble(entry_of({RunEnded{RunId("r.second"), status, {}, {}}}), state, state), "");
  }
  for (int number = 0; number < 4; ++number) {
    const auto role = static_cast<Role>(number);
    const MessageCreated created{MessageId("m.new"), {}, role, {}, RunId("r.second")};
    EXPECT_EQ(trouble(entry_of({created}), state, state), "");
  }
}

TEST(EntryCodec, AnAbsentTextIsNotAnEmptyOne) {
  const ThreadState state = small_state();
  const Entry none = entry_of({ThreadUpdated{}});
  const Entry empty = entry_of({ThreadUpdated{"", {}, {}}});

  EXPECT_NE(encode(none, state), encode(empty, state));
  EXPECT_EQ(trouble(none, state, state), "");
  EXPECT_EQ(trouble(empty, state, state), "");
}

TEST(EntryCodec, AnEntryOfAcksAloneComesBack) {
  const ThreadState state = small_state();
  Entry entry = entry_of({});
  Ack& ack = entry.acks.emplace_back(UserId("u"), DeviceId("d"), Hash{9}, Outcome());
  ack.outcome.op = Op(3);
  ack.outcome.type = ChangeType::stop_run;
  ack.outcome.applied = false;
  ack.outcome.code = "unknown_run";
  ack.outcome.run = RunId("never.was");

  EXPECT_EQ(trouble(entry, state, state), "");
}

TEST(EntryCodec, AThreadsFirstEntryComesBack) {
  Entry entry;
  entry.at = Timestamp(then);
  entry.origin = Origin{ThreadId("t"), UserId("u")};
  Message message;
  message.id = MessageId("m");
  message.parts = {TextPart{"Hi"}};
  message.created = entry.at;
  message.updated = entry.at;
  entry.events = {MessagePut{message}, HeadMoved{message.id, {}}};

  EXPECT_EQ(trouble(entry, ThreadState(), ThreadState()), "");
}

TEST(EntryCodec, ALaterStateKnowsTheNamesToo) {
  const ThreadState before = small_state();
  const MessageCreated created{
      MessageId("m.new"), MessageId("m.live"), Role::assistant, {}, RunId("r.second")};
  const Entry entry = entry_of({created, ContentAppended{created.message, 0, 0, "x"},
                                RunQueued{RunId("r.new"), AgentName("a"), {}, {}, {}}});
  ThreadState later = before;
  fold(later, entry);
  fold(
      later,
      Entry{.at = Timestamp(then + 30'000),
            .previous = entry.at,
            .events = {MessageCreated{MessageId("m.newer"), {}, Role::tool, {}, RunId("r.second")}},
            .acks = {},
            .producer = {},
            .origin = {}});

  EXPECT_EQ(trouble(entry, before, later), "");
}

// --- Sizes ---------------------------------------------------------------------------------------

TEST(EntryCodec, AnEntryOfOneTokenTakesFewBytes) {
  const ThreadState state = small_state();

  const std::size_t text = encode(token(500, 0, " the"), state).size();
  const std::size_t second_part = encode(token(500, 1, " the"), state).size();
  Entry two = token(501, 0, " the");
  two.events.emplace_back(ContentAppended{MessageId("m.answer"), 0, 4, "cat"});
  const std::size_t interleaved = encode(two, state).size();

  std::cout << "body of one token: " << text << " bytes, in a second part: " << second_part
            << ", two messages in one entry: " << interleaved << "\n";
  EXPECT_LE(text, 24);
  EXPECT_LE(second_part, 26);
  EXPECT_LE(interleaved, 64);
}

TEST(EntryCodec, TheSameEntryGivesTheSameBytes) {
  const ThreadState state = small_state();

  EXPECT_TRUE(rc::check("encode is a function of the entry's content", [&] {
    const Entry entry = *arbitrary_entry(state);

    const Result<Entry> back = decode(encode(entry, state), entry.at, state);
    RC_ASSERT(back.has_value());
    RC_ASSERT(encode(*back, state) == encode(entry, state));
  }));
}

// --- Bytes that can't be -------------------------------------------------------------------------

TEST(EntryCodec, NoBytesAreNoEntry) {
  const Result<Entry> entry = decode_small("");

  ASSERT_FALSE(entry.has_value());
  EXPECT_EQ(entry.error().code, "corrupt");
}

TEST(EntryCodec, BytesThatWouldUnpackToTooMuchAreRefusedUnread) {
  std::string bytes;
  // Each pair of bytes stands for 256 words of zeroes.
  while (bytes.size() / 2 * 256 <= limits::stored_words_max) bytes.append("\0\xFF", 2);

  const Result<Entry> entry = decode_small(bytes);

  ASSERT_FALSE(entry.has_value());
  EXPECT_EQ(entry.error().code, "corrupt");
  EXPECT_EQ(entry.error().detail, "unpacked it would be too large");
}

TEST(EntryCodec, DamagedBytesGiveAnErrorOrAnEntryThatCanBeEncoded) {
  const ThreadState state = small_state();

  EXPECT_TRUE(rc::check("decode survives flipped, lost and added bytes", [&] {
    const Entry entry = *arbitrary_entry(state);
    std::string bytes = encode(entry, state);
    const auto flips = *rc::gen::inRange(1, 4);
    for (int flip = 0; flip < flips; ++flip) {
      const auto place = *rc::gen::inRange<std::size_t>(0, bytes.size());
      bytes[place] = static_cast<char>(*rc::gen::arbitrary<std::uint8_t>());
    }
    if (*rc::gen::arbitrary<bool>()) bytes.resize(*rc::gen::inRange<std::size_t>(0, bytes.size()));

    const Result<Entry> back = decode(bytes, entry.at, state);

    if (back) {
      RC_ASSERT(trouble(*back, state, state) == "");
    } else {
      RC_ASSERT(back.error().kind == Kind::corrupt);
    }
  }));
}

// Encodes a stored entry that `change` has made.
template <class Change>
std::string stored(Change change) {
  capnp::MallocMessageBuilder message;
  auto entry = message.initRoot<schema::Entry>();
  entry.setSince(1);
  entry.setMessage(3);
  entry.setText(packed::bytes_of("x"));
  change(entry);
  return packed::pack(entry);
}

std::string code_of(const std::string& bytes) {
  const Result<Entry> entry = decode_small(bytes);
  return entry ? "" : entry.error().code;
}

TEST(EntryCodec, ANewerVersionIsRefusedByName) {
  const std::string bytes = stored([](auto entry) { entry.setNeeds(2); });

  const Result<Entry> entry = decode_small(bytes);

  ASSERT_FALSE(entry.has_value());
  EXPECT_EQ(entry.error().code, "unsupported");
  EXPECT_NE(entry.error().detail.find("version 2"), std::string::npos);
}

TEST(EntryCodec, UnknownKindsAreRefused) {
  EXPECT_EQ(code_of(stored([](auto) {})), "");
  EXPECT_EQ(code_of(stored([](auto entry) { entry.setShape(schema::Entry::Shape(9)); })),
            "unsupported");
  EXPECT_EQ(code_of(stored([](auto entry) { entry.setMark(schema::Entry::Mark(9)); })),
            "unsupported");
  EXPECT_EQ(code_of(stored([](auto entry) {
              entry.setShape(schema::Entry::Shape::EVENTS);
              entry.initEvents(1)[0].initMessageEnded().setStatus(schema::MessageStatus(5));
            })),
            "unsupported");
}

TEST(EntryCodec, NumbersThatNothingHasAreCorrupt) {
  EXPECT_EQ(code_of(stored([](auto entry) { entry.setMessage(99); })), "corrupt");
  EXPECT_EQ(code_of(stored([](auto entry) {
              entry.setMark(schema::Entry::Mark::RUN);
              entry.setRun(99);
            })),
            "corrupt");
  // The user's own message has no run whose steps these could be.
  EXPECT_EQ(code_of(stored([](auto entry) { entry.setMessage(0); })), "corrupt");
  EXPECT_EQ(code_of(stored([](auto entry) { entry.setSince(then + 20'000); })), "corrupt");
}

TEST(EntryCodec, TextThatIsNotUtf8IsCorrupt) {
  EXPECT_EQ(code_of(stored([](auto entry) { entry.setText(packed::bytes_of("\xC3")); })),
            "corrupt");
}

TEST(EntryCodec, ANewNameOutOfTurnOrKnownAlreadyIsCorrupt) {
  const auto created = [](std::uint32_t number, const char* id) {
    return code_of(stored([&](auto entry) {
      entry.setShape(schema::Entry::Shape::EVENTS);
      entry.setMark(schema::Entry::Mark::NONE);
      auto event = entry.initEvents(1)[0].initMessageCreated();
      event.setNumber(number);
      event.setId(packed::bytes_of(id));
    }));
  };
  const auto next = static_cast<std::uint32_t>(small_state().messages.size());

  EXPECT_EQ(created(next, "m.new"), "");
  EXPECT_EQ(created(next + 1, "m.new"), "corrupt");
  EXPECT_EQ(created(next - 1, "m.new"), "corrupt");
  EXPECT_EQ(created(next, "m.user"), "corrupt");
  EXPECT_EQ(created(next, ""), "corrupt");
}

}  // namespace
}  // namespace lockstep
