// SPDX-License-Identifier: Apache-2.0
// story.h: a thread's life in a test, without an engine around it.
//
// A story holds the state, all its entries, and a clock that goes on by one with each decision. It
// works like a lane: it collects the pasts that a request needs, decides, and folds. So a test of
// the rules reads as the requests of a front and a producer, and the result.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/rules/attempt.h"
#include "engine/rules/decide.h"
#include "engine/rules/diff.h"
#include "engine/rules/fold.h"
#include "engine/rules/past.h"

namespace lockstep::test {

// Agents of any name except "nobody".
class AnyAgents : public Agents {
 public:
  [[nodiscard]] std::optional<AgentSettings> settings(
      const AgentName& agent, const std::optional<Json>& params) const override {
    if (agent.get() == "nobody" || agent == gone) return std::nullopt;
    return AgentSettings{
        "{\"agent\":\"" + agent.get() + "\",\"params\":" + (params ? params->text : "null") + "}",
        "model-of-" + agent.get()};
  }
  [[nodiscard]] std::optional<std::string> refusal(
      const AgentName& /*agent*/, const std::optional<Json>& params) const override {
    if (!forbidden || params != forbidden) return {};
    return "params has `top_k`: leave it out";
  }
  // Those of "push" are written from outside.
  [[nodiscard]] std::optional<std::chrono::microseconds> outlives(
      const AgentName& agent, std::string_view settings) const override {
    if (agent.get() != "push" || !settings.starts_with("{\"agent\":\"push\"")) return {};
    return silence_max;
  }
  [[nodiscard]] bool wrote_outside(std::string_view settings) const override {
    return settings.starts_with("{\"agent\":\"push\"");
  }

  // Calls of `ask` need approval, and what "careful" and "hasty" write.
  [[nodiscard]] bool asks_before(const AgentName& agent, std::string_view tool) const override {
    const bool careful = agent.get() == "careful" || agent.get() == "hasty";
    return tool == "ask" || (careful && tool == "write");
  }
  // "hasty" waits for 12 µs.
  [[nodiscard]] std::chrono::microseconds answer_time(const AgentName& agent) const override {
    return agent.get() == "hasty" ? std::chrono::microseconds(12) : answers_in;
  }

  std::chrono::microseconds answers_in = std::chrono::hours(1);
  AgentName gone;                 // was there once
  std::optional<Json> forbidden;  // no run may have these
  std::chrono::microseconds silence_max = std::chrono::minutes(10);
};

// As the server judges it.
bool is_json_object(std::string_view text);

class Story {
 public:
  static constexpr Epoch epoch{0xabcdef};

  Story() : rules_{agents_, is_json_object, epoch, {}} {}

  // --- Changes and steps -------------------------------------------------------------------------

  std::vector<Outcome> say(ChangeRequest request);
  // One change of the user `ann` on the device `phone`, seen now or at `seen`.
  Outcome change(decltype(Change::what) what, std::optional<Timestamp> seen = {},
                 std::optional<Op> op = {});
  std::expected<StepAck, StepRefusal> steps(const std::string& run,
                                            std::vector<decltype(Step::what)> what);
  std::expected<StepAck, StepRefusal> write(const StepBatch& batch);
  std::expected<StepAck, StepRefusal> attempt(const AttemptRequest& request);
  // The next decision comes this much later.
  void wait(std::chrono::microseconds time) { clock_ += static_cast<std::uint64_t>(time.count()); }
  void crash();

  // --- Short forms -------------------------------------------------------------------------------

  Outcome start(const std::string& run, const std::string& input_id = "",
                const std::string& text = "");
  Outcome stop(const std::string& run, Timestamp seen, std::vector<Shown> shown = {});
  Outcome put(const std::string& id, const std::string& text,
              std::optional<Place> place = std::nullopt);

  // --- Results -----------------------------------------------------------------------------------

  [[nodiscard]] const ThreadState& state() const { return state_; }
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  [[nodiscard]] Timestamp now() const { return state_.now; }
  [[nodiscard]] ThreadState state_at(Timestamp at) const;
  [[nodiscard]] Past past(Timestamp since) const;
  [[nodiscard]] Diff diff_from(Timestamp from) const;
  // The text of a message's first part; "<none>" without one, "<gone>" without a message.
  [[nodiscard]] std::string text(const std::string& id) const;
  [[nodiscard]] const Message& message(const std::string& id) const;
  [[nodiscard]] const Run& run(const std::string& id) const;
  [[nodiscard]] std::string head() const;
  [[nodiscard]] std::string parent(const std::string& id) const;
  Rules& rules() { return rules_; }
  AnyAgents& agents() { return agents_; }

 private:
  void append(Decision& decision);

  AnyAgents agents_;
  Rules rules_;
  ThreadState state_;
  std::vector<Entry> entries_;
  std::uint64_t clock_ = 100;
};

Place after(const std::string& id);
Place below(const std::string& id);
MessageInput input(const std::string& id, const std::string& text);
Shown shown(const std::string& message, std::uint32_t part, Units length);

}  // namespace lockstep::test
