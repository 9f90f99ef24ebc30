// SPDX-License-Identifier: Apache-2.0
#include "tools/verbs/replay_account.h"

#include "engine/base/text.h"
#include "engine/rules/fold.h"
#include "server/base/printable.h"
#include "server/codec/json_write.h"
#include "tools/base/terminal.h"
#include "tools/forms/record.h"
#include "tools/forms/transcript.h"

namespace lockstep {
namespace {

constexpr std::size_t quote_points_max = 400;

std::string quoted(std::string_view text) {
  std::string line;
  for (char c : first_points(text, quote_points_max))
    line += c == '\n' ? std::string("\\n") : std::string(1, c);
  const bool whole = first_points(text, quote_points_max).size() == text.size();
  return "\"" + printable(line) + (whole ? "\"" : "…\"");
}

// How a model server ended an answer, behind its status.
std::string finish_text(const Finish& finish) {
  std::string text;
  if (finish.reason) text += " (" + one_line(*finish.reason, 64) + ")";
  if (finish.model) text += " by " + one_line(*finish.model, 64);
  return text;
}

struct EventAccount {
  const ThreadState& before;

  std::string operator()(const ThreadUpdated& event) const {
    std::string line = "thread";
    if (event.title) line += " titled " + quoted(*event.title);
    if (event.archived) line += *event.archived ? " archived" : " taken out of the archive";
    if (event.metadata) line += " metadata " + quoted(event.metadata->text);
    if (event.approved_tools) {
      line += " always allows";
      for (const std::string& tool : *event.approved_tools) line += " " + one_line(tool, 64);
      if (event.approved_tools->empty()) line += " no tool";
    }
    return line;
  }
  std::string operator()(const MessagePut& event) const {
    const bool known = before.message(event.message.id) != nullptr;
    return heading(event.message) + (known ? " replaced: " : ": ") +
           quoted(readable(event.message));
  }
  std::string operator()(const MessageCreated& event) const {
    return std::string(name_of(event.role)) + " " + event.message.get() + " begun by run " +
           event.run.get() +
           (event.continues ? ", continues " + event.continues->get() : std::string());
  }
  std::string operator()(const PartStarted& event) const {
    Message message;
    message.parts = {event.value};
    return event.message.get() + " part " + std::to_string(event.part) + ": " +
           quoted(readable(message));
  }
  std::string operator()(const ContentAppended& event) const {
    return event.message.get() + " + " + quoted(event.text);
  }
  std::string operator()(const MessageEnded& event) const {
    return event.message.get() + " " + std::string(name_of(event.status)) +
           finish_text(event.finish);
  }
  std::string operator()(const MessageCut& event) const {
    std::string line = event.message.get() + " " + std::string(name_of(event.status));
    const MessageState* row = before.message(event.message);
    if (!row) return line;
    const Parts& parts = row->message.parts;
    for (std::size_t part = 0; part < parts.size(); ++part) {
      const bool stays = part < event.keep.size();
      const std::string* text = growing_text(parts[part]);
      if (!text) {
        if (!stays) line += ", part " + std::to_string(part) + " cut away";
        continue;
      }
      const Units keep = stays ? event.keep[part] : 0;
      const std::size_t byte = byte_at(*text, keep, row->lengths[part]);
      if (byte < text->size()) line += ", cut by " + quoted(text->substr(byte));
    }
    return line;
  }
  std::string operator()(const MessageDeleted& event) const {
    return event.message.get() + " deleted";
  }
  std::string operator()(const HeadMoved& event) const {
    return "head at " + (event.head ? event.head->get() : std::string("the root"));
  }
  std::string operator()(const RunQueued& event) const {
    return "run " + event.run.get() + " queued for " + one_line(event.agent.get(), 64);
  }
  std::string operator()(const RunStarted& event) const {
    return "run " + event.run.get() + " started" +
           (event.model ? " on " + one_line(*event.model, 64) : std::string());
  }
  std::string operator()(const RunEnded& event) const {
    std::string line = "run " + event.run.get() + " " + std::string(name_of(event.status)) +
                       finish_text(event.finish);
    if (event.error) line += ": " + one_line(event.error->code + ", " + event.error->detail, 200);
    return line;
  }
  std::string operator()(const RepairsNoted& event) const {
    std::string line = "run " + event.run.get() + " repairs:";
    for (const NotedRepair& repair : event.repairs) {
      line += " " + one_line(repair.kind, 64) + " " + std::to_string(repair.count);
    }
    return line;
  }
  std::string operator()(const OpaqueNoted& event) const {
    const std::optional<std::uint32_t>& part = event.data.part;
    return "message " + event.message.get() + " opaque data" +
           (part ? " of part " + std::to_string(*part) : "") + " from " +
           one_line(event.data.origin, 64) + ", " + std::to_string(event.data.value.text.size()) +
           " bytes";
  }
  std::string operator()(const AttemptStarted& event) const {
    std::string line = "run " + event.run.get() + " attempt " + std::to_string(event.attempt) +
                       " by " + one_line(event.agent.get(), 64);
    if (!event.claim.empty()) line += ", claimed";
    if (event.error) line += " after " + one_line(event.error->code, 64);
    return line;
  }
  std::string operator()(const CallNoted& event) const {
    return event.message.get() + " call in part " + std::to_string(event.note.part) + " " +
           std::string(name_of(event.note.status)) +
           (event.note.reason.empty() ? "" : ": " + one_line(event.note.reason, 200));
  }
  std::string operator()(const ResumeNoted& event) const {
    std::string line =
        "run " + event.run.get() + " for answers: " + std::string(name_of(event.resume.status));
    if (event.resume.next) line += " by " + event.resume.next->get();
    if (!event.resume.why.empty()) line += ", " + one_line(event.resume.why, 64);
    return line;
  }
};

}  // namespace

std::string account_of(const Entry& entry, const ThreadState& before, const ThreadState& after) {
  const std::string time = time_text(entry.at);
  const std::string margin(time.size(), ' ');
  std::string account;
  const auto say = [&](const std::string& line) {
    account += (account.empty() ? time : margin) + "  " + line + "\n";
  };
  if (entry.origin) {
    say("thread " + entry.origin->thread.get() + " of " + one_line(after.owner.get(), 64));
  }
  ThreadState state = before;
  for (const Event& event : entry.events) {
    say(std::visit(EventAccount{state}, event));
    fold(state, event, entry.at);
  }
  for (const Ack& ack : entry.acks) {
    if (!ack.outcome.applied) {
      say(std::string(name_of(ack.outcome.type)) + " of " + ack.device.get() +
          " refused: " + ack.outcome.code);
    }
  }
  return account;
}

std::string transcript_of(const ThreadState& state) {
  std::string text;
  for (std::size_t number = 0; number < state.messages.size(); ++number) {
    const MessageState& row = state.messages[number];
    if (row.deleted) continue;
    if (!text.empty()) text += "\n";
    text += heading(row.message) + "\n" + readable(row.message) + "\n";
  }
  return text;
}

}  // namespace lockstep
