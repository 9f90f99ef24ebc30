// SPDX-License-Identifier: Apache-2.0
// steps.cc: turns a producer's steps into events.
//
// A batch is taken whole or not at all. Steps that were taken before are skipped; a step behind the
// next one is a gap. Each part is started by an event of its own, so that the log shows when it
// began.
#include <algorithm>

#include "engine/base/codes.h"
#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/base/try.h"
#include "engine/rules/call_gates.h"
#include "engine/rules/call_results.h"
#include "engine/rules/decide.h"
#include "engine/rules/opaque_limits.h"
#include "engine/rules/run.h"
#include "engine/rules/sizes.h"
#include "engine/rules/step_refusal.h"
#include "engine/rules/walk_limits.h"
#include "engine/rules/writer_results.h"

namespace lockstep {
namespace {

using Taken = std::expected<void, StepRefusal>;

std::unexpected<StepRefusal> gap(std::uint64_t expected) {
  auto refusal = refuse_steps(codes::gap, "the next step is " + std::to_string(expected));
  refusal.error().expected = expected;
  return refusal;
}

// Results that came while the run was at work may stand below its last message, and the head at
// them. The run goes on behind them, so that its answer stays on the path.
MessageId behind_results(const ThreadState& state, const MessageId& last) {
  std::optional<MessageId> at = state.thread.head;
  while (at && *at != last) {
    const Message& message = state.message(*at)->message;
    if (message.role != Role::tool || message.run) return last;
    at = message.parent;
  }
  return at ? *state.thread.head : last;
}

class Taker {
 public:
  Taker(Draft& draft, RunId run) : draft_(draft), run_(std::move(run)) {}

  Taken take(const Step& step) {
    if (over_) return refuse_steps(codes::invalid, "a step comes after the end of its run");
    return std::visit([&](const auto& what) { return take(what); }, step.what);
  }

 private:
  Taken take(const OpenMessage& step) {
    const ThreadState& state = draft_.state();
    const RunState& run = *state.run(run_);
    if (state.message(step.message) || in_waiting_input(step.message)) {
      return refuse_steps(codes::exists,
                          "message " + step.message.get() + " exists: use another id");
    }
    if (step.parent && !state.living(*step.parent)) {
      return refuse_steps(codes::unknown_message, "there is no message " + step.parent->get());
    }
    if (run.messages.size() >= limits::run_messages_max) {
      return refuse_steps(codes::too_large, "the run has too many messages: end it");
    }
    std::optional<MessageId> parent = step.parent;
    if (!parent) {
      parent = run.messages.empty() ? run.run.head : state.messages[run.messages.back()].message.id;
    }
    const bool continues = run.run.continues && run.messages.empty();
    if (!step.parent && !continues) parent = behind_results(state, *parent);
    const bool leads = parent == state.thread.head;
    if (continues && (step.role != Role::assistant || parent != run.run.continues)) {
      return refuse_steps(codes::invalid,
                          "the run continues an answer: its first message is an "
                          "assistant's, right below that answer");
    }
    draft_.say(MessageCreated{step.message, parent, step.role, step.author, run_,
                              continues ? run.run.continues : std::nullopt});
    if (leads) move_head(draft_, step.message);
    return {};
  }

  Taken take(const StartPart& step) {
    TRY_LET(row, writable(step.message));
    const std::size_t next = row->message.parts.size();
    if (step.part.value_or(next) != next) {
      return refuse_steps(codes::invalid, "`part` is " + std::to_string(*step.part) +
                                              ", and must be " + std::to_string(next) +
                                              ": parts have no gaps");
    }
    if (next >= limits::parts_max)
      return refuse_steps(codes::too_large, "the message has too many parts: open another");
    if (Verdict fit =
            writer_may_start(draft_.state(), *draft_.state().run(run_), step.message, step.value);
        !fit) {
      StepRefusal refusal;
      refusal.code = std::move(fit.error().code);
      refusal.detail = std::move(fit.error().detail);
      return std::unexpected(std::move(refusal));
    }
    const auto part = static_cast<std::uint32_t>(next);
    draft_.say(PartStarted{step.message, part, step.value});
    const auto* call = std::get_if<ToolCallPart>(&step.value);
    if (call &&
        draft_.rules().agents.asks_before(draft_.state().run(run_)->run.agent, call->name)) {
      note_call(step.message, *call, CallNote{part, CallStatus::needs_approval});
    }
    return {};
  }

  // A tool that its user always allows in this thread needs no approval.
  void note_call(const MessageId& message, const ToolCallPart& call, CallNote note) {
    const std::vector<std::string>& approved = draft_.state().thread.approved_tools;
    if (note.status == CallStatus::needs_approval &&
        std::ranges::find(approved, call.name) != approved.end()) {
      note.status = CallStatus::approved;
    }
    draft_.say(CallNoted{message, std::move(note)});
  }

  Taken take(const AppendContent& step) {
    TRY_LET(row, writable(step.message));
    const std::size_t parts = row->message.parts.size();
    if (step.part > parts)
      return refuse_steps(codes::invalid, "there is no such part: start it first");
    if (step.part == parts) return take(StartPart{step.message, step.part, TextPart{step.text}});
    const std::string* text = growing_text(row->message.parts[step.part]);
    if (!text) return refuse_steps(codes::invalid, "this part can't grow: start another");
    if (step.text.empty()) return {};
    if (text->size() + step.text.size() > limits::message_bytes_max) {
      return refuse_steps(codes::too_large, "the part would be too large: open another message");
    }
    draft_.say(ContentAppended{step.message, step.part, row->lengths[step.part], step.text});
    return {};
  }

  Taken take(const EndMessage& step) {
    TRY_LET(row, writable(step.message));
    if (step.status != MessageStatus::complete && step.status != MessageStatus::failed) {
      return refuse_steps(codes::invalid, "a message ends complete or failed");
    }
    end_message(draft_, *row, MessageEnded{step.message, step.status, step.usage, step.finish});
    return {};
  }

  Taken take(const EndRun& step) {
    if (step.status != RunStatus::completed && step.status != RunStatus::failed &&
        step.status != RunStatus::interrupted) {
      return refuse_steps(codes::invalid, "a run ends completed, failed or interrupted");
    }
    end_run(draft_, RunEnded{run_, step.status, step.error, step.usage, step.finish});
    over_ = true;
    return {};
  }

  Taken take(const NoteRepairs& step) {
    if (size_of(step.repairs) > limits::repairs_bytes_max) {
      return refuse_steps(codes::too_large, "the repairs are too long: name fewer ids");
    }
    draft_.say(RepairsNoted{run_, step.repairs});
    return {};
  }

  Taken take(const NoteOpaque& step) {
    TRY_LET(row, writable(step.message));
    const Message& message = row->message;
    if (step.data.part && *step.data.part >= message.parts.size()) {
      return refuse_steps(codes::invalid, "there is no such part: start it first");
    }
    const OpaqueData* former = message.opaque.of(step.data.part);
    const std::size_t others = size_of(message.opaque) - (former ? size_of(*former) : 0);
    if (others + size_of(step.data) > limits::opaque_bytes_max) {
      return refuse_steps(codes::too_large, "the message has too much opaque data: leave some out");
    }
    draft_.say(OpaqueNoted{step.message, step.data});
    return {};
  }

  Taken take(const NoteCall& step) {
    TRY_LET(row, writable(step.message));
    const Parts& parts = row->message.parts;
    const auto* call =
        step.note.part < parts.size() ? std::get_if<ToolCallPart>(&parts[step.note.part]) : nullptr;
    if (!call) return refuse_steps(codes::invalid, "that part is no call: start it first");
    if (step.note.status != CallStatus::needs_approval && step.note.status != CallStatus::running) {
      return refuse_steps(codes::invalid,
                          "a writer notes `needs_approval` or `running`: people decide");
    }
    const CallNote* former = note_of(row->message, step.note.part);
    const bool waits = former && former->status == CallStatus::needs_approval;
    if (waits && step.note.status == CallStatus::running) {
      return refuse_steps(codes::needs_approval, "a person must approve this call before it runs");
    }
    note_call(step.message, *call, step.note);
    return {};
  }

  Taken take(const CutMessage& step) {
    TRY_LET(row, writable(step.message));
    const Parts& parts = row->message.parts;
    if (step.keep.size() > parts.size()) {
      return refuse_steps(codes::invalid, "the message has only " + std::to_string(parts.size()) +
                                              " parts: keep no more");
    }
    std::vector<Units> keep(step.keep.size());
    for (std::size_t part = 0; part < keep.size(); ++part) {
      const std::string* text = growing_text(parts[part]);
      const Units length = row->lengths[part];
      if (text) keep[part] = round_down(*text, std::min(step.keep[part], length), length);
    }
    cut_parts(draft_, *row, std::move(keep), MessageStatus::open);
    return {};
  }

  // The message, if this run is writing it.
  std::expected<const MessageState*, StepRefusal> writable(const MessageId& id) const {
    const MessageState* row = draft_.state().living(id);
    if (!row || row->message.run != run_) {
      return refuse_steps(codes::unknown_message, "the run has no message " + id.get());
    }
    if (row->message.status != MessageStatus::open) {
      return refuse_steps(codes::invalid, "message " + id.get() + " has ended");
    }
    return row;
  }

  bool in_waiting_input(const MessageId& id) const {
    return std::ranges::any_of(draft_.state().waiting, [&](std::uint32_t number) {
      const auto& input = draft_.state().runs[number].run.input;
      return std::ranges::find(input, id, &MessageInput::id) != input.end();
    });
  }

  Draft& draft_;
  RunId run_;
  bool over_ = false;
};

// The common batch of a stream: text that continues a part. Its event is made without folding,
// because folding on a copy would copy the whole message for every token.
std::optional<ContentAppended> plain_append(const ThreadState& state, const RunId& run,
                                            std::span<const Step> steps) {
  MUST(!steps.empty());
  const auto* first = std::get_if<AppendContent>(&steps.front().what);
  if (!first) return std::nullopt;
  const MessageState* row = state.living(first->message);
  if (!row || row->message.run != run || row->message.status != MessageStatus::open ||
      first->part >= row->message.parts.size()) {
    return std::nullopt;
  }
  const std::string* content = growing_text(row->message.parts[first->part]);
  if (!content) return std::nullopt;
  ContentAppended appended{first->message, first->part, row->lengths[first->part], {}};
  for (const Step& step : steps) {
    const auto* append = std::get_if<AppendContent>(&step.what);
    if (!append || append->message != first->message || append->part != first->part) {
      return std::nullopt;
    }
    appended.text += append->text;
  }
  if (appended.text.empty() || content->size() + appended.text.size() > limits::message_bytes_max) {
    return std::nullopt;
  }
  return appended;
}

// The steps that are new, or why the batch is refused.
std::expected<std::span<const Step>, StepRefusal> fresh_steps(const RunState& row,
                                                              const StepBatch& batch) {
  std::uint64_t seq = batch.steps.empty() ? 0 : batch.steps.front().seq;
  if (seq == 0) return refuse_steps(codes::invalid, "steps are numbered from 1");
  for (const Step& step : batch.steps) {
    // A step missing within the batch is a gap too: the producer goes on after the last taken step.
    if (step.seq > seq) return gap(row.seq + 1);
    if (step.seq < seq++) return refuse_steps(codes::invalid, "the steps of a batch are in order");
  }
  if (batch.steps.front().seq > row.seq + 1) return gap(row.seq + 1);
  const std::uint64_t known = row.seq + 1 - batch.steps.front().seq;
  const std::span<const Step> steps(batch.steps);
  return known >= steps.size() ? steps.last(0) : steps.subspan(known);
}

}  // namespace

std::expected<Decision, StepRefusal> decide(const ThreadState& state, const StepBatch& batch,
                                            Timestamp at, const Rules& rules) {
  const RunState* row = state.run(batch.run);
  if (!row) return refuse_steps(codes::unknown_run, "there is no run " + batch.run.get());
  if (batch.attempt != row->run.attempt) return refuse_fenced(*row);
  MUST(row->run.status != RunStatus::queued);
  // A producer that ended its run may have missed the answer, so it may repeat its last steps. If
  // another ended the run, each step gets `ended`, so that the producer stops.
  if (row->run.ended && !row->ended_by_producer) return refuse_ended(*row);
  TRY_LET(steps, fresh_steps(*row, batch));
  if (steps.empty()) return Decision{};
  if (row->run.ended) return refuse_ended(*row);
  MUST(steps.front().seq == row->seq + 1);

  Draft draft(state, at, rules);
  draft.decision().entry.producer = ProducerOffset{batch.run, batch.attempt, steps.back().seq};
  if (auto appended = plain_append(state, batch.run, steps)) {
    draft.decision().entry.events.emplace_back(std::move(*appended));
    return draft.take();
  }
  Taker taker(draft, batch.run);
  for (const Step& step : steps) {
    if (Taken taken = taker.take(step); !taken) return std::unexpected(taken.error());
  }
  start_next(draft);
  return draft.take();
}

}  // namespace lockstep
