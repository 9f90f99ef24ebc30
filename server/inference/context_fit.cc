// SPDX-License-Identifier: Apache-2.0
#include "server/inference/context_fit.h"

#include <algorithm>
#include <string>
#include <vector>

#include "engine/base/codes.h"
#include "engine/base/must.h"
#include "schema/json/json_members.h"
#include "server/inference/chat_messages.h"
#include "server/inference/limits.h"
#include "server/inference/repairs.h"
#include "server/inference/summary.h"
#include "server/inference/turns.h"

namespace lockstep {
namespace {

// Lengths are bytes of ordinary text: what is no text counts as the bytes of as many tokens.
using Bytes = std::uint64_t;
constexpr Bytes turn_bytes = limits::tokens_per_turn * limits::bytes_per_token;
constexpr Bytes image_bytes = limits::tokens_per_image * limits::bytes_per_token;

Bytes bytes_of(const Turn& turn, const RequestSettings& settings) {
  Bytes bytes = turn_bytes;
  for (const Section& section : turn.sections) {
    bytes += section.author.size();
    for (const Piece& piece : section.pieces) {
      bytes += piece.kind == Piece::Kind::text ? piece.text.size() : image_bytes;
    }
  }
  // A block of the provider's own goes back whole.
  for (const Block& block : turn.blocks) {
    const OpaqueData* own = block.kind == Block::Kind::data ? own_data(block, settings) : nullptr;
    if (own) bytes += own->value.text.size();
  }
  if (sends_reasoning(turn, settings.reasoning)) bytes += turn.reasoning.size();
  for (const OpaqueData* data : turn.opaque) bytes += data->value.text.size();
  for (const TurnCall& call : turn.calls) {
    bytes += 2 * turn_bytes + 2 * call.id.size() + call.name.size() + call.arguments.size() +
             call.result.size() + (call.opaque ? call.opaque->value.text.size() : 0);
  }
  return bytes;
}

// Tools, and the form that an answer must have: the model reads them too.
Bytes bytes_of_members(const RequestSettings& settings) {
  Bytes bytes = 0;
  for (const auto& [name, value] : settings.request) bytes += name.size() + value.size();
  return bytes;
}

struct Rate {
  std::uint64_t tokens = 1;
  Bytes bytes = limits::bytes_per_token;

  [[nodiscard]] std::uint64_t tokens_of(Bytes length) const {
    return (length * tokens + bytes - 1) / bytes;
  }
  [[nodiscard]] bool operator>(const Rate& other) const {
    return tokens * other.bytes > other.tokens * bytes;
  }
};
static_assert(limits::context_tokens_max < std::uint64_t{1} << 27,
              "it times the bytes of a path is below 2^64");

class Measuring {
 public:
  Measuring(const Context& context, const RequestSettings& settings)
      : context_(context),
        settings_(settings),
        limit_(*settings.context_tokens),
        room_(limit_ - std::min(limit_, answer_tokens(settings))) {
    if (settings.when_too_long != WhenTooLong::refuse) room_ -= room_ / limits::slack_share;
    Repairs unused;
    turns_ = turns_of(context, settings, unused);
    place_turns();
    add_question();
    measure();
  }

  [[nodiscard]] Fit fit() const {
    const std::uint64_t whole = settings_.when_too_long == WhenTooLong::refuse
                                    ? used_ + Rate().tokens_of(all_ - measured_)
                                    : rate_.tokens_of(all_);
    if (whole <= room_) return {};
    if (settings_.when_too_long == WhenTooLong::refuse) {
      return {.refusal = refusal("The request has about " + std::to_string(whole) + " tokens")};
    }
    if (settings_.when_too_long == WhenTooLong::drop_oldest) return shortened();
    Fit fit = from_summary();
    // A summary of all that fits is better than none.
    return fit.refusal && settings_.summarise ? shortened() : fit;
  }

 private:
  struct Placed {
    std::size_t message = 0;  // of the path; 0 for the system prompt too
    Role role = Role::user;
    Bytes bytes = 0;
  };

  // Turns have the order of the path.
  void place_turns() {
    all_ = bytes_of_members(settings_);
    std::size_t at = 0;
    for (const Turn& turn : turns_) {
      const std::string& message = turn.sections.front().message;
      if (!message.empty()) {
        while (context_.path[at].id.get() != message) ++at;
      }
      placed_.push_back({at, turn.role, bytes_of(turn, settings_)});
      all_ += placed_.back().bytes;
    }
  }

  // The question for the rest of an answer is no turn of the path, and is never left out.
  void add_question() {
    Repairs unused;
    const std::size_t turns = turns_.size();
    const Bytes last = turns_.empty() ? 0 : bytes_of(turns_.back(), settings_);
    ask_for_the_rest(turns_, context_, settings_, unused);
    if (turns_.empty()) return;
    // It is a turn of its own, or joined to the last one.
    all_ += bytes_of(turns_.back(), settings_) - (turns_.size() > turns ? 0 : last);
  }

  // Reads the usages of the path.
  void measure() {
    Bytes before = bytes_of_members(settings_);
    std::size_t next = 0;
    Timestamp edited{};
    for (std::size_t at = 0; at < context_.path.size(); ++at) {
      const Message& message = context_.path[at];
      for (; next < placed_.size() && placed_[next].message < at; ++next) {
        before += placed_[next].bytes;
      }
      if (message.usage && message.run && edited <= message.created) take(*message.usage, before);
      edited = std::max(edited, message.updated);
    }
  }

  void take(const Json& usage, Bytes before) {
    const std::optional<std::uint64_t> tokens = request_tokens(usage);
    // No request of so many tokens a byte, and of more than the model takes, was ever answered.
    if (!tokens || (*tokens > limit_ && *tokens > limits::tokens_per_byte_max * before)) return;
    used_ = *tokens;
    measured_ = before;
    if (*tokens < limit_ / limits::measured_share || before == 0) return;
    // No tokenizer makes two tokens of a byte: the rest is something that the server added.
    const Rate rate{std::min(*tokens, before), before};
    if (rate > rate_) rate_ = rate;
  }

  [[nodiscard]] Fit shortened() const {
    Fit fit;
    std::uint64_t tokens = rate_.tokens_of(all_);
    Bytes kept = all_;
    for (std::size_t at = 0; at < placed_.size(); ++at) {
      const Placed& turn = placed_[at];
      if (turn.role == Role::system) continue;
      if (begins_users_turn(at)) {
        fit.first = turn.message;
        tokens = rate_.tokens_of(kept);
        if (tokens <= room_) return fit;
      }
      kept -= turn.bytes;
    }
    fit.refusal = refusal("Even without all older turns, the request has about " +
                          std::to_string(tokens) + " tokens");
    return fit;
  }

  // Somebody has changed a message above it since: it tells of another conversation.
  [[nodiscard]] bool is_stale(std::size_t at) const {
    const auto above = context_.path.begin() + static_cast<std::ptrdiff_t>(at);
    return std::any_of(context_.path.begin(), above, [&](const Message& message) {
      return message.updated > context_.path[at].updated;
    });
  }

  // One that another message goes on is one answer with that, and can't be the user's turn.
  [[nodiscard]] bool stands_alone(std::size_t at) const {
    const Message& message = context_.path[at];
    const bool goes_on = at + 1 < context_.path.size()
                             ? context_.path[at + 1].continues == message.id
                             : context_.continues == message.id;
    return is_summary(message) && !goes_on && !message.continues && !is_stale(at);
  }

  // From the oldest summary on from which the rest fits.
  [[nodiscard]] Fit from_summary() const {
    Bytes kept = all_;
    LastSummary last;
    for (const Placed& turn : placed_) {
      if (turn.role == Role::system) continue;
      if (turn.message > 0 && stands_alone(turn.message)) {
        const std::uint64_t tokens = rate_.tokens_of(kept);
        if (tokens <= room_) return {.first = turn.message};
        last = {context_.path[turn.message].id.get(), rate_.tokens_of(turn.bytes), tokens};
      }
      kept -= turn.bytes;
    }
    return {.refusal = refusal_from(last)};
  }

  struct LastSummary {
    std::string message{};  // empty: the path has none
    std::uint64_t tokens = 0;
    std::uint64_t on = 0;  // from it on, in all
  };

  // Each of these has another way out, and the error names it.
  [[nodiscard]] RunError refusal_from(const LastSummary& last) const {
    if (room_ == 0) return refusal("");
    if (last.message.empty()) {
      return refusal("The request has about " + std::to_string(rate_.tokens_of(all_)) +
                     " tokens and no summary above it (a run with `summarise` in its `params` "
                     "makes one)");
    }
    const std::string summary = "the summary " + last.message;
    if (last.tokens > room_) {
      return numbered("The last summary alone is too long: " + summary + " has about " +
                          std::to_string(last.tokens) + " tokens",
                      "Shorten it (it is a message like any other), or delete it and start a run "
                      "with `summarise` again.");
    }
    return numbered("Even from the last summary on, the request is too long: with " + summary +
                        " it has about " + std::to_string(last.on) + " tokens",
                    "Start a run with `summarise` behind the last answer, and then ask again. If "
                    "the last message alone is too long, shorten it.");
  }

  [[nodiscard]] bool begins_users_turn(std::size_t at) const {
    return placed_[at].role == Role::user && (at == 0 || placed_[at - 1].role != Role::user);
  }

  [[nodiscard]] RunError refusal(const std::string& length) const {
    if (room_ == 0) {
      return {codes::context_too_long,
              "No request fits: the agent's `context_tokens` is " + std::to_string(limit_) +
                  ", and the limit of the answer is " + std::to_string(answer_tokens(settings_)) +
                  ". Lower `max_completion_tokens` or `max_tokens`."};
    }
    return numbered(length,
                    settings_.summarise
                        ? "A summary can't be made from here: start the run further up (`parent`), "
                          "where the last answer is shorter, or use an agent with a longer context."
                        : "Shorten the last message or the tools, branch above, begin a new "
                          "thread, or use an agent with a longer context.");
  }

  [[nodiscard]] RunError numbered(const std::string& length, const std::string& advice) const {
    return {codes::context_too_long,
            length + ", and " + std::to_string(room_) + " fit: the agent's `context_tokens` is " +
                std::to_string(limit_) + ", and " + std::to_string(limit_ - room_) +
                " are kept free for the answer. " + advice};
  }

  const Context& context_;
  const RequestSettings& settings_;
  std::uint64_t limit_;  // tokens
  std::uint64_t room_;   // tokens of the request
  std::vector<Turn> turns_;
  std::vector<Placed> placed_;
  Bytes all_ = 0;
  std::uint64_t used_ = 0;  // tokens, by the last usage
  Bytes measured_ = 0;      // what that usage counted
  Rate rate_;
};

}  // namespace

Fit fit_of(const Context& context, const RequestSettings& settings) {
  MUST(settings.context_tokens);
  return Measuring(context, settings).fit();
}

std::uint64_t answer_tokens(const RequestSettings& settings) {
  for (const char* const member : {"max_completion_tokens", "max_tokens", "max_output_tokens"}) {
    const bool of_responses = settings.kind == "openai-responses";
    if (of_responses != (std::string_view(member) == "max_output_tokens")) continue;
    if (const auto tokens = whole_member(settings.request, member)) return *tokens;
  }
  return settings.context_tokens.value_or(0) / limits::answer_share;
}

std::optional<std::uint64_t> request_tokens(const Json& usage) {
  const std::optional<std::vector<JsonMember>> members = json_members(usage.text);
  if (!members) return {};
  std::optional<std::uint64_t> tokens = whole_member(*members, "prompt_tokens");
  if (!tokens) {
    // What was read from a cache or written to it is counted apart.
    tokens = whole_member(*members, "input_tokens");
    if (!tokens) return {};
    *tokens = std::min(*tokens, limits::context_tokens_max);
    for (const char* const cached : {"cache_read_input_tokens", "cache_creation_input_tokens"}) {
      *tokens += std::min(whole_member(*members, cached).value_or(0), limits::context_tokens_max);
    }
  }
  if (*tokens == 0) return {};
  return std::min(*tokens, limits::context_tokens_max);
}

}  // namespace lockstep
