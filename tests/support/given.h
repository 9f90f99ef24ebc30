// SPDX-License-Identifier: Apache-2.0
// given.h: short words for given, when and then.
//
// The expressions that tests of the engine's runtime use most: ids from words, changes and steps
// from their content. This file includes no engine; engine_fixture.h does.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/rules/change.h"
#include "engine/rules/state.h"
#include "engine/rules/step.h"

namespace lockstep::test {

inline MessageId mid(std::string text) { return MessageId(std::move(text)); }
inline RunId rid(std::string text) { return RunId(std::move(text)); }
inline ThreadId tid(std::string text) { return ThreadId(std::move(text)); }
inline UserId uid(std::string text) { return UserId(std::move(text)); }

inline Change change_of(decltype(Change::what) what, std::optional<std::uint64_t> op = {}) {
  Change change;
  if (op) change.op = Op(*op);
  change.what = std::move(what);
  change.content = content_of(change);
  return change;
}

inline MessageInput said(std::string id, std::string text) {
  MessageInput input;
  input.id = mid(std::move(id));
  input.parts = {TextPart{std::move(text)}};
  return input;
}

// A run that answers a new message.
inline StartRun ask(std::string run, std::string message, std::string text) {
  StartRun start;
  start.run = rid(std::move(run));
  start.input.push_back(said(std::move(message), std::move(text)));
  return start;
}

inline PutMessage put(std::string id, std::string text) {
  PutMessage put;
  put.id = mid(std::move(id));
  put.parts = {TextPart{std::move(text)}};
  return put;
}

inline StopRun stop(std::string run) {
  StopRun stop;
  stop.run = rid(std::move(run));
  return stop;
}

inline Step opened(std::uint64_t seq, std::string message) {
  return {seq, OpenMessage{mid(std::move(message)), {}, Role::assistant, {}}};
}
inline Step token(std::uint64_t seq, std::string message, std::string text) {
  return {seq, AppendContent{mid(std::move(message)), 0, std::move(text)}};
}
inline Step message_over(std::uint64_t seq, std::string message) {
  return {seq, EndMessage{mid(std::move(message)), MessageStatus::complete, {}}};
}
inline Step run_over(std::uint64_t seq, RunStatus status = RunStatus::completed) {
  return {seq, EndRun{status, {}, {}}};
}

inline StepBatch batch(std::string run, std::vector<Step> steps) {
  return {rid(std::move(run)), 1, std::move(steps)};
}

// The text of a message's first part; "<gone>" if it does not live, "<none>" if it has no part.
inline std::string text_of(const Message& message) {
  if (message.parts.empty()) return "<none>";
  const std::string* text = growing_text(message.parts[0]);
  return text ? *text : "<other>";
}
inline std::string text_of(const ThreadState& state, const std::string& id) {
  const MessageState* row = state.living(mid(id));
  return row ? text_of(row->message) : "<gone>";
}

}  // namespace lockstep::test
