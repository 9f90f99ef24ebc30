// SPDX-License-Identifier: Apache-2.0
#include "server/inference/repairs.h"

#include <string>
#include <utility>

#include "engine/base/limits.h"
#include "engine/base/must.h"

namespace lockstep {
namespace {

// In the order of the kinds.
constexpr std::array<RepairText, repair_kinds> texts{{
    {"reasoning_left_out", "message", "The agent does not send this reasoning back."},
    {"placeholder", "message", "A turn without text is sent as a sentence in brackets."},
    {"empty_left_out", "message", "A message without content is left out."},
    {"joined", "message", "A message is joined to the one before it, which has the same role."},
    {"no_result", "call", "A call has no result, so the request has a made one."},
    {"made_result_left_out", "call", "A real result stands in place of the server's own."},
    {"result_left_out", "call", "A result belongs to no open call before it, and is left out."},
    {"arguments_wrapped", "call",
     "Arguments that are no JSON object are sent as the text `invalid_json` of one."},
    {"call_left_out", "call", "A call outside an assistant's message is left out."},
    {"file_as_text", "message", "A file is sent as a line of text that names it."},
    {"data_as_text", "message", "Data is sent as text."},
    {"tool_text_as_users", "message",
     "Text of a tool belongs to no call, and is sent as the user's."},
    {"name_changed", "message", "An author is sent with other letters: providers limit names."},
    {"author_in_text", "message", "The authors of joined messages stand in the text."},
    {"parameter_left_out", "parameter", "A parameter is not the caller's to set, and is left out."},
    {"continue_asked", "message", "A sentence asks the model to go on with this answer."},
    {"call_name_changed", "call",
     "The name of a tool is sent with other letters: servers limit names."},
    {"dropped", "message", "An old message is left out: the thread is longer than the context."},
    {"call_id_changed", "call", "The id of a call is sent in another form: servers limit ids."},
    {"system_moved", "message", "A system message is sent before the conversation."},
    {"space_cut", "message", "White space at the end of the request is left out."},
    {"thinking_off", "parameter",
     "Thinking is off for this request: the provider would refuse it here."},
    {"summarised", "message", "A summary stands for an old message: the thread is too long."},
    {"summary_asked", "message", "A sentence asks the model to summarise the conversation."},
    {"file_missing", "message", "A file is not there any more: a line of text names it."},
    {"files_over_limit", "message",
     "The files of a request have a limit, which this one is beyond: a line of text names it."},
}};

}  // namespace

const RepairText& text_of(RepairKind kind) {
  const auto at = static_cast<std::size_t>(kind);
  MUST(at < texts.size());
  return texts[at];
}

void Repairs::add(RepairKind kind, std::string_view id) {
  const auto at = static_cast<std::size_t>(kind);
  MUST(at < counts_.size());
  ++counts_[at];
  std::vector<std::string>& ids = repairs_[at].ids;
  if (ids.size() < limits::repair_ids_max) ids.emplace_back(id);
}

std::vector<Repair> Repairs::take() {
  std::vector<Repair> taken;
  for (std::size_t at = 0; at < counts_.size(); ++at) {
    if (counts_[at] == 0) continue;
    const RepairText& text = texts[at];
    taken.push_back({.kind = std::string(text.kind),
                     .count = std::exchange(counts_[at], 0),
                     .ids = std::exchange(repairs_[at].ids, {}),
                     .text = std::string(text.text)});
  }
  return taken;
}

}  // namespace lockstep
