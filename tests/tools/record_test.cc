// SPDX-License-Identifier: Apache-2.0
#include "tools/forms/record.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "tests/support/arbitrary.h"
#include "tests/support/small_state.h"

namespace lockstep {
namespace {

// The engine carries any text as JSON; the server lets only JSON in, in this form.
void make_json(Json& json) {
  json.text = to_text(JsonValue::of_items({JsonValue::of_text(json.text)}));
}
void make_json(std::optional<Json>& json) {
  if (json) make_json(*json);
}
void make_json(Part& part) {
  if (auto* data = std::get_if<DataPart>(&part)) make_json(data->value);
}
void make_json(Parts& parts) {
  for (Part& part : parts.edit()) make_json(part);
}

void make_json(Opaque& opaque) {
  for (OpaqueData data : Opaque(opaque)) {
    make_json(data.value);
    opaque.put(std::move(data));
  }
}

struct MakeJson {
  void operator()(ThreadUpdated& event) const { make_json(event.metadata); }
  void operator()(MessagePut& event) const {
    make_json(event.message.parts);
    make_json(event.message.usage);
    make_json(event.message.metadata);
    make_json(event.message.opaque);
  }
  void operator()(PartStarted& event) const { make_json(event.value); }
  void operator()(MessageEnded& event) const { make_json(event.usage); }
  void operator()(RunQueued& event) const {
    make_json(event.params);
    for (MessageInput& input : event.input) {
      make_json(input.parts);
      make_json(input.metadata);
    }
  }
  void operator()(RunEnded& event) const { make_json(event.usage); }
  void operator()(OpaqueNoted& event) const { make_json(event.data.value); }
  void operator()(auto&) const {}
};

TEST(Record, AnEntryComesBackAsItWas) {
  const ThreadState state = small_state();

  EXPECT_TRUE(rc::check("entry_of(append_entry(entry)) == entry", [&] {
    Entry entry = *arbitrary_entry(state);
    for (Event& event : entry.events) std::visit(MakeJson{}, event);
    std::string text;
    append_entry(text, entry);

    const auto value = parse_json(text);
    RC_ASSERT(value.has_value());
    const auto again = entry_of(*value);

    if (!again) RC_FAIL(again.error().detail + " in " + text);
    RC_ASSERT(*again == entry);
  }));
}

TEST(Record, AFieldThatWouldBeLostIsRefused) {
  for (const char* text :
       {R"({"ts":2,"prev":1})", R"({"ts":2,"prev":1,"events":[],"more":1})",
        R"({"ts":-2,"prev":1,"events":[]})", R"({"ts":2.5,"prev":1,"events":[]})",
        R"({"ts":"2","prev":1,"events":[]})", R"({"ts":2,"ts":3,"prev":1,"events":[]})",
        R"({"ts":2,"prev":1,"events":[{"type":"message_danced"}]})",
        R"({"ts":2,"prev":1,"events":[{"type":"message_deleted","message":"a b"}]})",
        R"({"ts":2,"prev":1,"events":[{"type":"message_deleted","message":"a","why":"x"}]})",
        R"([])"}) {
    const auto value = parse_json(text);
    ASSERT_TRUE(value.has_value()) << text;

    const auto entry = entry_of(*value);

    ASSERT_FALSE(entry.has_value()) << text;
    EXPECT_EQ(entry.error().code, "invalid");
  }
}

}  // namespace
}  // namespace lockstep
