// SPDX-License-Identifier: Apache-2.0
#include "tests/support/story.h"

#include <algorithm>
#include <boost/json.hpp>

namespace lockstep::test {

bool is_json_object(std::string_view text) {
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(text, error);
  return !error && value.is_object();
}

void Story::append(Decision& decision) {
  if (!decision.leaves_trace()) return;
  if (entries_.empty()) decision.entry.origin = Origin{ThreadId("thread"), UserId("ann")};
  const std::string why = unfoldable(state_, decision.entry);
  if (!why.empty()) must_failed(why.c_str(), "story", 0);
  fold(state_, decision.entry);
  entries_.push_back(decision.entry);
}

std::vector<Outcome> Story::say(ChangeRequest request) {
  Pasts pasts;
  for (const Timestamp since : pasts_needed(state_, request, rules_)) {
    pasts.emplace(since, past(since));
  }
  Decision decision = decide(state_, pasts, request, Timestamp(++clock_), rules_);
  append(decision);
  return decision.outcomes;
}

Outcome Story::change(decltype(Change::what) what, std::optional<Timestamp> seen,
                      std::optional<Op> op) {
  Change change{op, {}, {}, std::move(what)};
  if (seen) change.seen = Cursor{*seen, epoch};
  change.content = content_of(change);
  return say({UserId("ann"), DeviceId("phone"), {}, {}, {std::move(change)}}).front();
}

std::expected<StepAck, StepRefusal> Story::write(const StepBatch& batch) {
  auto decision = decide(state_, batch, Timestamp(++clock_), rules_);
  if (!decision) return std::unexpected(decision.error());
  append(*decision);
  return StepAck{batch.steps.back().seq, state_.now};
}

std::expected<StepAck, StepRefusal> Story::steps(const std::string& run,
                                                 std::vector<decltype(Step::what)> what) {
  const RunState* row = state_.run(RunId(run));
  std::uint64_t seq = row ? row->seq : 0;
  StepBatch batch{RunId(run), row ? row->run.attempt : 1, {}};
  for (auto& each : what) batch.steps.push_back({++seq, std::move(each)});
  return write(batch);
}

std::expected<StepAck, StepRefusal> Story::attempt(const AttemptRequest& request) {
  auto decision = decide(state_, request, Timestamp(++clock_), rules_);
  if (!decision) return std::unexpected(decision.error());
  append(*decision);
  return StepAck{0, state_.now};
}

void Story::crash() {
  Decision decision = interrupt(state_, {"interrupted", "crashed"}, Timestamp(++clock_), rules_);
  append(decision);
}

Outcome Story::start(const std::string& run, const std::string& input_id, const std::string& text) {
  StartRun start;
  start.run = RunId(run);
  if (!input_id.empty()) start.input.push_back(input(input_id, text));
  return change(std::move(start));
}

Outcome Story::stop(const std::string& run, Timestamp seen, std::vector<Shown> shown) {
  return change(StopRun{RunId(run), std::move(shown)}, seen);
}

Outcome Story::put(const std::string& id, const std::string& text, std::optional<Place> place) {
  PutMessage put;
  put.id = MessageId(id);
  put.parts = {TextPart{text}};
  put.place = std::move(place);
  return change(std::move(put));
}

ThreadState Story::state_at(Timestamp at) const {
  ThreadState state;
  for (const Entry& entry : entries_) {
    if (entry.at <= at) fold(state, entry);
  }
  return state;
}

Past Story::past(Timestamp since) const {
  std::vector<const Entry*> later;
  for (const Entry& entry : entries_) {
    if (entry.at > since) later.push_back(&entry);
  }
  return past_since(state_, later, since);
}

Diff Story::diff_from(Timestamp from) const {
  const Past since = past(from);
  return diff(state_, from, &since);
}

const Message& Story::message(const std::string& id) const {
  const MessageState* row = state_.message(MessageId(id));
  MUST(row != nullptr);
  return row->message;
}

std::string Story::text(const std::string& id) const {
  const MessageState* row = state_.living(MessageId(id));
  if (!row) return "<gone>";
  if (row->message.parts.empty()) return "<none>";
  const std::string* text = growing_text(row->message.parts.front());
  return text ? *text : "<other>";
}

const Run& Story::run(const std::string& id) const {
  const RunState* row = state_.run(RunId(id));
  MUST(row != nullptr);
  return row->run;
}

std::string Story::head() const {
  return state_.thread.head ? state_.thread.head->get() : "<root>";
}

std::string Story::parent(const std::string& id) const {
  const Message& at = message(id);
  return at.parent ? at.parent->get() : "<root>";
}

Place after(const std::string& id) { return {Place::Kind::after, MessageId(id)}; }
Place below(const std::string& id) { return {Place::Kind::parent, MessageId(id)}; }

MessageInput input(const std::string& id, const std::string& text) {
  MessageInput input;
  input.id = MessageId(id);
  input.parts = {TextPart{text}};
  return input;
}

Shown shown(const std::string& message, std::uint32_t part, Units length) {
  return {MessageId(message), part, length};
}

}  // namespace lockstep::test
