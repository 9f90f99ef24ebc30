// SPDX-License-Identifier: Apache-2.0
#include "tests/support/arbitrary.h"

namespace lockstep {
namespace {

// Draws one entry's pieces. Later events of the entry may name the ids of earlier ones.
class Drawer {
 public:
  explicit Drawer(const ThreadState& before) : before_(before) {
    for (std::size_t number = 0; number < before.messages.size(); ++number) {
      messages_.push_back(before.messages[number].message.id);
    }
    for (std::size_t number = 0; number < before.runs.size(); ++number) {
      runs_.push_back(before.runs[number].run.id);
    }
  }

  Entry entry() {
    Entry entry;
    entry.previous = before_.now;
    entry.at = Timestamp(before_.now.get() + number(1, std::uint64_t{1} << 40));
    const auto events = number(0, 6);
    for (std::uint64_t count = 0; count < events; ++count) entry.events.push_back(event(entry.at));
    const auto acks = flag() ? number(0, 3) : 0;
    for (std::uint64_t count = 0; count < acks; ++count) entry.acks.push_back(any_ack(entry.at));
    if (flag()) {
      entry.producer = ProducerOffset{run(), small(), number(0, UINT64_MAX)};
    }
    if (number(0, 9) == 0) entry.origin = Origin{ThreadId(name("t")), UserId(text())};
    return entry;
  }

 private:
  static std::uint64_t number(std::uint64_t least, std::uint64_t most) {
    if (most == UINT64_MAX) return *rc::gen::arbitrary<std::uint64_t>();
    return *rc::gen::inRange<std::uint64_t>(least, most + 1);
  }
  static bool flag() { return *rc::gen::arbitrary<bool>(); }
  static std::uint32_t small() {
    return *rc::gen::oneOf(rc::gen::inRange<std::uint32_t>(0, 4),
                           rc::gen::arbitrary<std::uint32_t>());
  }
  static std::string text() { return *arbitrary_text(); }
  static std::optional<std::string> optional_text() {
    return flag() ? std::optional(text()) : std::nullopt;
  }
  static std::optional<Json> json() { return flag() ? std::optional(Json{text()}) : std::nullopt; }
  static Hash hash() { return *rc::gen::container<Hash>(rc::gen::arbitrary<std::uint8_t>()); }
  // Like no other name of this entry or of the state.
  std::string name(const std::string& kind) {
    return kind + ":" + std::to_string(names_++) + std::string(number(0, 20), 'x');
  }

  MessageId message() { return *rc::gen::elementOf(messages_); }
  std::optional<MessageId> maybe_message() {
    return flag() ? std::optional(message()) : std::nullopt;
  }
  RunId run() { return *rc::gen::elementOf(runs_); }

  static Role role() {
    return *rc::gen::element(Role::system, Role::user, Role::assistant, Role::tool);
  }
  static MessageStatus message_status() {
    return *rc::gen::element(MessageStatus::open, MessageStatus::complete, MessageStatus::stopped,
                             MessageStatus::failed, MessageStatus::interrupted);
  }
  static RunStatus run_status() {
    return *rc::gen::element(RunStatus::queued, RunStatus::running, RunStatus::completed,
                             RunStatus::stopped, RunStatus::failed, RunStatus::interrupted,
                             RunStatus::superseded);
  }

  static Part part() {
    switch (number(0, 5)) {
      case 0:
        return TextPart{text()};
      case 1:
        return ReasoningPart{text()};
      case 2:
        return ToolCallPart{text(), text(), text()};
      case 3:
        return ToolResultPart{text(), text(), flag(), flag()};
      case 4:
        return FilePart{text(), optional_text(), optional_text()};
      default:
        return DataPart{text(), Json{text()}};
    }
  }
  static Finish finish() { return {optional_text(), optional_text()}; }
  static std::vector<NotedRepair> repairs() {
    std::vector<NotedRepair> repairs(number(0, 3));
    for (NotedRepair& each : repairs) {
      each.kind = text();
      each.count = number(0, UINT64_MAX);
      each.ids.resize(number(0, 3));
      for (std::string& id : each.ids) id = text();
    }
    return repairs;
  }
  static OpaqueData opaque_data() {
    OpaqueData data{{}, text(), Json{text()}};
    if (flag()) data.part = static_cast<std::uint32_t>(number(0, 6));
    return data;
  }
  static CallNote call_note() {
    return {small(),
            *rc::gen::element(CallStatus::needs_approval, CallStatus::approved, CallStatus::denied,
                              CallStatus::running),
            text()};
  }
  Resume resume() {
    Resume resume;
    resume.status = *rc::gen::element(ResumeStatus::asked, ResumeStatus::waiting,
                                      ResumeStatus::resumed, ResumeStatus::given_up);
    resume.until = Timestamp(number(0, UINT64_MAX));
    if (flag()) resume.next = RunId(name("next"));
    resume.why = text();
    return resume;
  }
  static std::vector<Part> parts() {
    std::vector<Part> parts(number(0, 4));
    for (Part& each : parts) each = part();
    return parts;
  }

  std::vector<MessageInput> input() {
    std::vector<MessageInput> inputs(number(0, 3));
    for (MessageInput& each : inputs) {
      each = {MessageId(name("i")), role(), parts(), optional_text(), json()};
    }
    return inputs;
  }

  Event put(Timestamp at) {
    Message put;
    put.parent = maybe_message();
    put.run = flag() ? std::optional(run()) : std::nullopt;
    put.id = flag() ? message() : MessageId(name("m"));
    put.role = role();
    put.author = optional_text();
    put.parts = parts();
    put.status = message_status();
    put.created = flag() ? at : Timestamp(number(0, UINT64_MAX));
    put.updated = flag() ? at : Timestamp(number(0, UINT64_MAX));
    put.usage = json();
    put.metadata = json();
    put.finish = finish();
    if (flag()) put.continues = put.parent;
    if (flag()) put.opaque.put(opaque_data());
    if (flag()) put.opaque.put(opaque_data());
    for (std::uint64_t count = number(0, 2); count > 0; --count) put.calls.push_back(call_note());
    messages_.push_back(put.id);
    return MessagePut{std::move(put)};
  }

  Event created() {
    MessageCreated event{MessageId(name("m")), maybe_message(), role(), optional_text(), run(), {}};
    if (flag()) event.continues = event.parent;
    messages_.push_back(event.message);
    return event;
  }

  Event queued() {
    RunQueued event;
    event.run = RunId(name("r"));
    event.agent = AgentName(text());
    event.input = input();
    event.place = {flag() ? Place::Kind::after : Place::Kind::parent, maybe_message()};
    event.params = json();
    event.continues = maybe_message();
    event.resumes = flag();
    runs_.push_back(event.run);
    return event;
  }

  Event attempt() {
    AttemptStarted event{.run = run(),
                         .attempt = small(),
                         .agent = AgentName(text()),
                         .model = optional_text(),
                         .settings = hash(),
                         .claim = text()};
    if (flag()) event.error = RunError{text(), text()};
    return event;
  }

  Event event(Timestamp at) {
    switch (number(0, 16)) {
      case 0: {
        ThreadUpdated event{optional_text(), flag() ? std::optional(flag()) : std::nullopt, json()};
        if (flag()) event.approved_tools.emplace(number(0, 3), text());
        return event;
      }
      case 1:
        return put(at);
      case 2:
        return created();
      case 3:
        return PartStarted{message(), small(), part()};
      case 4:
        return ContentAppended{message(), small(), small(), text()};
      case 5:
        return MessageEnded{message(), message_status(), json(), finish()};
      case 6:
        return MessageCut{message(),
                          *rc::gen::container<std::vector<Units>>(rc::gen::arbitrary<Units>()),
                          message_status()};
      case 7:
        return MessageDeleted{message()};
      case 8:
        return HeadMoved{maybe_message(), maybe_message()};
      case 9:
        return queued();
      case 10:
        return RunStarted{run(), small(), maybe_message(), optional_text(), hash()};
      case 11:
        return RepairsNoted{run(), repairs()};
      case 12:
        return OpaqueNoted{message(), opaque_data()};
      case 13:
        return attempt();
      case 14:
        return CallNoted{message(), call_note()};
      case 15:
        return ResumeNoted{run(), resume()};
      default: {
        RunEnded event{run(), run_status(), {}, json(), finish()};
        if (flag()) event.error = RunError{text(), text()};
        return event;
      }
    }
  }

  Ack any_ack(Timestamp at) {
    Outcome outcome;
    outcome.op = Op(number(0, UINT64_MAX));
    outcome.type = *rc::gen::element(ChangeType::start_run, ChangeType::put_message,
                                     ChangeType::delete_message, ChangeType::stop_run,
                                     ChangeType::move_head, ChangeType::update_thread,
                                     ChangeType::answer_call, ChangeType::decide_call);
    outcome.applied = flag();
    outcome.at = *rc::gen::element(at, Timestamp(), before_.now);
    outcome.code = text();
    outcome.detail = text();
    if (flag()) outcome.message = MessageId(name("never"));
    if (flag()) outcome.run = RunId(name("never"));
    return {UserId(text()), DeviceId(name("d")), hash(), std::move(outcome)};
  }

  const ThreadState& before_;
  std::vector<MessageId> messages_;
  std::vector<RunId> runs_;
  std::uint32_t names_ = 0;
};

}  // namespace

rc::Gen<std::string> arbitrary_text() {
  const auto pieces = rc::gen::element<std::string>(
      "a", "word ", std::string(1, '\0'), "\"", "\\", "\n", "\xC3\xA9", "\xE2\x82\xAC",
      "\xF0\x9F\x98\x80", "\x7F", std::string(100, 'l'));
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(pieces),
                      [](const std::vector<std::string>& drawn) {
                        std::string text;
                        for (const std::string& piece : drawn) text += piece;
                        return text;
                      });
}

rc::Gen<Entry> arbitrary_entry(ThreadState before) {
  return rc::gen::exec([before = std::move(before)] { return Drawer(before).entry(); });
}

}  // namespace lockstep
