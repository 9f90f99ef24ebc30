// SPDX-License-Identifier: Apache-2.0
// wire_memory.cc: uses the front that knows only the wire (wire_front.h) as a device's memory.
//
// The server's own writers turn the simulation's values into JSON, and the server's own reader
// reads the front's requests: so those are simulated too.
#include <algorithm>

#include "server/codec/json_write.h"
#include "server/codec/sync_codec.h"
#include "tests/sim/memory.h"
#include "tests/sim/wire_front.h"

namespace lockstep::sim {
namespace {

using boost::json::array;
using boost::json::object;
using boost::json::value;

value id_or_null(const std::optional<MessageId>& id) { return id ? value(id->get()) : value(); }

void add_place(object& to, const std::optional<Place>& place) {
  if (!place) return;
  to[place->kind == Place::Kind::after ? "after" : "parent"] = id_or_null(place->message);
}

array parts_of(const Parts& parts) {
  array made;
  for (const Part& part : parts) {
    std::string text;
    append_part(text, part);
    made.push_back(boost::json::parse(text));
  }
  return made;
}

// A change as its user's front would write it.
struct Written {
  object operator()(const StartRun& start) const {
    object made{{"type", "start_run"}, {"run", start.run.get()}, {"agent", start.agent.get()}};
    array input;
    for (const MessageInput& message : start.input) {
      input.push_back(object{{"id", message.id.get()}, {"parts", parts_of(message.parts)}});
    }
    if (!input.empty()) made["input"] = std::move(input);
    add_place(made, start.place);
    constexpr const char* names[] = {"queue", "interrupt", "rollback", "reject"};
    if (start.when_busy) made["when_busy"] = names[static_cast<std::size_t>(*start.when_busy)];
    array needs;
    for (const Op op : start.needs) needs.push_back(op.get());
    if (!needs.empty()) made["needs"] = std::move(needs);
    if (start.continues) made["continue"] = start.continues->get();
    if (start.resumes) made["resume"] = "when_answered";
    return made;
  }
  object operator()(const PutMessage& put) const {
    object message{{"id", put.id.get()}, {"parts", parts_of(put.parts)}};
    if (put.role) message["role"] = std::string(name_of(*put.role));
    if (put.author) message["author"] = *put.author;
    object made{{"type", "put_message"}, {"message", std::move(message)}};
    add_place(made, put.place);
    if (put.if_absent) made["if_absent"] = true;
    if (put.if_unchanged) made["if_unchanged"] = true;
    return made;
  }
  object operator()(const DeleteMessage& gone) const {
    object made{{"type", "delete_message"}, {"message", gone.message.get()}};
    if (gone.if_unchanged) made["if_unchanged"] = true;
    return made;
  }
  object operator()(const StopRun& stop) const {
    object made{{"type", "stop_run"}};
    if (stop.run) made["run"] = stop.run->get();
    array shown;
    for (const Shown& one : stop.shown) {
      shown.push_back(
          object{{"message", one.message.get()}, {"part", one.part}, {"length", one.length}});
    }
    if (!shown.empty()) made["shown"] = std::move(shown);
    return made;
  }
  object operator()(const MoveHead& move) const {
    return {{"type", "move_head"}, {"head", id_or_null(move.head)}};
  }
  object operator()(const UpdateThread& update) const {
    object made{{"type", "update_thread"}};
    if (update.title) made["title"] = *update.title;
    if (update.approved_tools) {
      made["approved_tools"] = array(update.approved_tools->begin(), update.approved_tools->end());
    }
    return made;
  }
  object operator()(const AnswerCall& answer) const {
    object made{{"type", "answer_call"},
                {"message", answer.message.get()},
                {"call", answer.call},
                {"content", answer.content},
                {"id", answer.id.get()}};
    if (answer.failed) made["failed"] = true;
    return made;
  }
  object operator()(const DecideCall& decide) const {
    object made{{"type", "decide_call"},
                {"message", decide.message.get()},
                {"call", decide.call},
                {"decision", std::string(name_of(decide.decision))}};
    if (!decide.reason.empty()) made["reason"] = decide.reason;
    if (decide.always) made["always"] = true;
    return made;
  }
};

std::string reading_of(const Screen& screen) {
  std::string text = "{\"thread\":";
  append_thread(text, *screen.thread);
  text += ",\"messages\":[";
  for (const Message& message : screen.messages) {
    if (text.back() != '[') text += ',';
    append_message(text, message);
  }
  text += "],\"runs\":[";
  for (const Run& run : screen.runs) {
    if (text.back() != '[') text += ',';
    append_run(text, run);
  }
  return text + "]}";
}

class WireMemory : public Memory {
 public:
  WireMemory(DeviceIs is, Judge& judge)
      : is_(std::move(is)),
        judge_(judge),
        front_(is_.thread.id.get(), is_.device.get(), is_.window) {}

  void change(What what) override { last_op_ = Op(front_.change(std::visit(Written(), what))); }
  [[nodiscard]] std::size_t unanswered() const override { return front_.unanswered(); }

  [[nodiscard]] SyncRequest request(const Asking& asking) override {
    WireFront::Ask ask{.follow = Follow::live, .digest = asking.digest, .if_head = {}};
    const auto* head = front_.thread().if_contains("head");
    if (asking.if_head && head && head->is_string()) ask.if_head = head->get_string();
    const std::string body = front_.request(ask);
    auto call = read_sync(body);
    if (!call) {
      judge_.records.found("the server can't read " + body + ": " + call.error().detail);
      return {};
    }
    call->request.thread = is_.thread;
    call->request.changes.user = is_.user;
    return std::move(call->request);
  }
  void sent(std::uint64_t line) override { streams_[line] = front_.stream(); }
  void lost(std::uint64_t line) override {
    const auto stream = streams_.find(line);
    if (stream == streams_.end()) return;
    front_.connection_lost(stream->second);
    streams_.erase(stream);
  }

  Taken take(std::uint64_t line, const Frame& frame) override {
    const auto* refused = std::get_if<Refused>(&frame.what);
    const bool before = refused && !refused->on_stream;
    const std::uint64_t stream = streams_.at(line);
    const WireFront::Taken mine =
        before ? front_.refused(frame.text, stream) : front_.take(frame.text, stream);
    if (refused) streams_.erase(line);
    if (mine.wrong.empty()) front_.offer();
    Taken taken;
    taken.wrong = mine.wrong.empty() ? "" : mine.wrong + " in " + frame.text;
    taken.sync_anew = mine.sync_anew && !refused;
    taken.ended = mine.ended || refused;
    taken.deleted = mine.reason == "deleted";
    return taken;
  }
  [[nodiscard]] std::optional<Cursor> cursor() const override {
    return front_.cursor() ? parse_cursor(*front_.cursor()) : std::nullopt;
  }
  // Equals the truth at its cursor; else `check` has reported it.
  [[nodiscard]] const Screen& screen() override { return screen_; }
  void check(Judge& judge) override {
    const auto at = cursor();
    if (!at || at->at == Timestamp()) return;
    const test::ThreadTruth* truth = judge.truth(is_.thread, at->epoch);
    if (!truth) return judge.records.found(is_.device.get() + " shows a thread that never was");
    screen_ = held_of(truth->screen(at->at));
    if (!screen_.thread) return;
    const std::string there = canonical_state(boost::json::parse(reading_of(screen_)).as_object());
    if (there != front_.state_json()) {
      judge.records.found(is_.device.get() + " holds " + front_.state_json() + ", not " + there);
    }
  }
  // Its numbers go on for ever, so it can't be put back as a whole.
  void save() override {}
  void go_back() override {}
  [[nodiscard]] Op last_op() const override { return last_op_; }

 private:
  // The rows of a window's truth that it holds, in the order in which they came.
  [[nodiscard]] Screen held_of(const Screen& truth) const {
    if (!is_.window) return truth;
    Screen held = truth;
    held.messages.clear();
    for (const object& message : front_.messages()) {
      const Message* there = truth.message(MessageId(std::string(message.at("id").as_string())));
      if (there != nullptr) held.messages.push_back(*there);
    }
    std::erase_if(held.runs, [&](const Run& run) {
      return std::ranges::none_of(front_.runs(), [&](const object& mine) {
        return std::string_view(mine.at("id").as_string()) == run.id.get();
      });
    });
    return held;
  }

  DeviceIs is_;
  Judge& judge_;
  WireFront front_;
  std::map<std::uint64_t, std::uint64_t> streams_;  // by line
  Screen screen_;
  Op last_op_{0};
};

}  // namespace

std::unique_ptr<Memory> make_wire_memory(DeviceIs is, Judge& judge) {
  return std::make_unique<WireMemory>(std::move(is), judge);
}

}  // namespace lockstep::sim
