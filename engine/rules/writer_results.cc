// SPDX-License-Identifier: Apache-2.0
#include "engine/rules/writer_results.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/base/codes.h"
#include "engine/rules/call_places.h"
#include "engine/rules/call_results.h"
#include "engine/rules/walk_limits.h"

namespace lockstep {
namespace {

std::int64_t calls_in(const Message& message, const std::string& id) {
  if (message.role != Role::assistant) return 0;
  return std::ranges::count_if(message.parts, [&](const Part& part) {
    const auto* call = std::get_if<ToolCallPart>(&part);
    return call && call->id == id;
  });
}

std::int64_t results_in(const Message& message, const std::string& id) {
  return std::ranges::count_if(message.parts, [&](const Part& part) {
    const auto* result = std::get_if<ToolResultPart>(&part);
    return result && result->call == id && !is_made_result(message, *result);
  });
}

Verdict has_its_result(const std::string& id) {
  return refuse(codes::answered, "call " + id + " has its result from somebody else: leave it out");
}

Verdict too_long() {
  return refuse(codes::too_many, "the call of this result is too far above: answer calls sooner");
}

// The path down to a message that a writer adds a result to.
class WriterPath {
 public:
  WriterPath(const ThreadState& state, const RunState& run, Message written)
      : state_(state), run_(run), written_(std::move(written)) {
    const auto& result = std::get<ToolResultPart>(written_.parts.back());
    id_ = result.call;
    made_ = is_made_result(written_, result);
  }

  [[nodiscard]] Verdict may_take() const { return made_ ? may_take_made() : may_take_real(); }

 private:
  // The server makes results for calls that nobody may answer any more. A writer that says it of
  // its own result gets no further with it than with any other.
  [[nodiscard]] Verdict may_take_made() const {
    for (const std::uint32_t number : run_.messages) {
      const MessageState& row = state_.messages[number];
      if (row.deleted || calls_in(row.message, id_) == 0) continue;
      const Parts& parts = row.message.parts;
      for (std::size_t at = 0; at < parts.size(); ++at) {
        const auto* call = std::get_if<ToolCallPart>(&parts[at]);
        if (!call || call->id != id_) continue;
        if (Verdict fit = may_take_result(row.message, at); !fit) return fit;
      }
    }
    return {};
  }

  // A result belongs to the last message with an open call of its id, so the lower end of the path
  // is enough, as soon as it has as many calls of the id as results.
  [[nodiscard]] Verdict may_take_real() const {
    std::vector<const Message*> up;
    const Message* next = &written_;
    std::int64_t open = 0;
    bool beside = false;  // somebody else has a result of the id here
    for (std::size_t left = limits::result_walk_max; next; --left) {
      if (left == 0) return too_long();
      up.push_back(next);
      const bool own = next->run == run_.run.id;
      const std::int64_t results = results_in(*next, id_);
      const std::int64_t calls = calls_in(*next, id_);
      open += calls - results;
      beside |= !own && results > 0;
      const bool late = own && beside;
      if (calls > 0 && (open >= 0 || late)) {
        left -= std::min(left - 1, work_of(up));
        if (const auto call = taker({up.rbegin(), up.rend()})) return may_take_of(*call);
        if (late) return has_its_result(id_);
      }
      next = next->parent ? &state_.message(*next->parent)->message : nullptr;
    }
    // Results above may belong to nothing, so there may never be as many calls.
    const auto call = taker({up.rbegin(), up.rend()});
    return call ? may_take_of(*call) : Verdict();
  }

  // The call that takes the result which is written.
  [[nodiscard]] std::optional<CallPlace> taker(const std::vector<const Message*>& path) const {
    const PartPlace added{path.size() - 1, written_.parts.size() - 1};
    for (const CallResult& call : match_results(path).calls) {
      if (call.result != added || call.made) continue;
      const Message& asked = *path[call.call.message];
      return CallPlace{asked.id, static_cast<std::uint32_t>(call.call.part)};
    }
    return std::nullopt;
  }

  [[nodiscard]] Verdict may_take_of(const CallPlace& call) const {
    const Message& asked =
        call.message == written_.id ? written_ : state_.message(call.message)->message;
    if (Verdict fit = may_take_result(asked, call.part); !fit) return fit;
    return is_answered_below(call) ? has_its_result(id_) : Verdict();
  }

  // All below the call are younger than it.
  [[nodiscard]] bool is_answered_below(const CallPlace& call) const {
    for (std::size_t number = state_.messages.size(); number-- > 0;) {
      const MessageState& row = state_.messages[number];
      if (row.message.id == call.message) break;
      if (row.deleted || row.message.run == run_.run.id) continue;
      if (results_in(row.message, id_) == 0) continue;
      if (!state_.lies_below(row.message.id, call.message)) continue;
      if (is_taken_by(state_, call, row.message)) return true;
    }
    return false;
  }

  const ThreadState& state_;
  const RunState& run_;
  Message written_;
  std::string id_;
  bool made_ = false;
};

}  // namespace

Verdict writer_may_start(const ThreadState& state, const RunState& run, const MessageId& message,
                         const Part& part) {
  if (!std::holds_alternative<ToolResultPart>(part)) return {};
  Message written = state.message(message)->message;
  written.parts.edit().push_back(part);
  return WriterPath(state, run, std::move(written)).may_take();
}

}  // namespace lockstep
