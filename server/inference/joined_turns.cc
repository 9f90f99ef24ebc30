// SPDX-License-Identifier: Apache-2.0
// joined_turns.cc: what happens to the turns of a path before a provider's form (turns.h):
// neighbours are joined, and a question for the rest of an answer may follow.
#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "server/inference/summary.h"
#include "server/inference/turns.h"

namespace lockstep {

std::vector<Turn> joined(std::vector<Turn> turns, bool all, Repairs& repairs) {
  std::vector<Turn> joined;
  for (Turn& turn : turns) {
    const bool fits =
        !joined.empty() && joined.back().role == turn.role && joined.back().calls.empty();
    Section& first = turn.sections.front();
    first.continues = first.continues && fits;
    if (!fits || (!all && !first.continues)) {
      joined.push_back(std::move(turn));
      continue;
    }
    Turn& before = joined.back();
    if (!first.continues) repairs.add(RepairKind::joined, first.message);
    for (Section& section : turn.sections) before.sections.push_back(std::move(section));
    if (!before.reasoning.empty() && !turn.reasoning.empty()) before.reasoning += "\n\n";
    before.reasoning += turn.reasoning;
    for (std::string& id : turn.reasoned) before.reasoned.push_back(std::move(id));
    std::ranges::move(turn.blocks, std::back_inserter(before.blocks));
    std::ranges::move(turn.opaque, std::back_inserter(before.opaque));
    before.calls = std::move(turn.calls);
  }
  return joined;
}

namespace {

// Does the last turn have text of the answer that the run goes on with, and no call behind it? The
// answer's last messages may be empty.
bool ends_with_answer(const std::vector<Turn>& turns, const Context& context) {
  if (!context.continues || turns.empty() || !turns.back().calls.empty()) return false;
  const std::string& last = turns.back().sections.back().message;
  for (std::size_t at = context.path.size(); at-- > 0;) {
    const Message& message = context.path[at];
    if (message.id.get() == last) return true;
    if (at == 0 || message.continues != context.path[at - 1].id) return false;
  }
  return false;
}

// The request for a summary ends with a sentence that asks for it.
void ask_for_summary(std::vector<Turn>& turns, const Context& context,
                     const RequestSettings& settings, Repairs& repairs) {
  repairs.add(RepairKind::summary_asked, context.path.back().id.get());
  Section section{{}, {}, {{Piece::Kind::text, std::string(summarise_sentence)}}};
  const bool joins = settings.join && !turns.empty() && turns.back().role == Role::user;
  if (joins) {
    turns.back().sections.push_back(std::move(section));
  } else {
    turns.push_back({.role = Role::user, .sections = {std::move(section)}});
  }
}

}  // namespace

void ask_for_the_rest(std::vector<Turn>& turns, const Context& context,
                      const RequestSettings& settings, Repairs& repairs) {
  if (settings.summarise) return ask_for_summary(turns, context, settings, repairs);
  if (settings.prefill || !ends_with_answer(turns, context)) return;
  repairs.add(RepairKind::continue_asked, context.continues->get());
  turns.push_back({.role = Role::user,
                   .sections = {{{}, {}, {{Piece::Kind::text, std::string(continue_sentence)}}}}});
}

}  // namespace lockstep
