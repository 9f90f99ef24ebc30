// SPDX-License-Identifier: Apache-2.0
// summary.h: summaries of a conversation, which stand for its older turns in later requests.
//
// A thread may grow longer than its model's context. With `when_too_long = "summarise"` a run of
// its own asks the model for a summary of the path. The summary is a message on the path like any
// answer: everybody sees it, may edit it and branch above it. Its first part is data of the name
// `summary`, which tells the messages that it stands for. If a later request is too long, it begins
// with the oldest summary from which on the rest fits, and the repair `summarised` names what that
// stands for: the model reads what the screen shows under the line.
//
// A run becomes one that summarises by the parameter `summarise: true`. Only a front starts it: a
// run that nobody asked for would stand between a late stop and what its user saw. A summary that
// was stopped, cut or edited away, or is older than a change above it, stands for nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/rules/event.h"
#include "engine/rules/producer.h"
#include "engine/rules/step.h"
#include "server/inference/settings.h"

namespace lockstep {

// The parameter of a run, and the name of the data part.
inline constexpr std::string_view summarise_param = "summarise";
inline constexpr std::string_view summary_name = "summary";
// What the model reads in place of that part.
inline constexpr std::string_view summary_sentence = "[Summary of the conversation so far]";
// The last turn of the request for one.
inline constexpr std::string_view summarise_sentence =
    "[Summarise the conversation above, so that it can go on from your summary alone: what was "
    "asked and answered, facts, names, numbers, decisions, what is still open, and the user's "
    "wishes for your answers. Write only the summary.]";

[[nodiscard]] bool is_summary(const Message& message);
// A summary that stands for nothing, because it was stopped, failed or cut at a limit of length.
[[nodiscard]] bool is_cut_summary(const Message& message);
// The run would go on where a summary was cut. The two together are still no summary, so the run
// ends with this, which tells what to do. Nothing: it does not.
[[nodiscard]] std::optional<RunError> refuse_rest_of_summary(const Context& context);

// Takes the parameter out of a run's own, and sets `settings.summarise` by it.
[[nodiscard]] std::optional<Json> take_summarise(const std::optional<Json>& params,
                                                 RequestSettings& settings);

// The request of a run that summarises offers no tools and asks for no form. Call it when all
// parameters are applied.
void leave_actions_out(RequestSettings& settings);

// The data part of a summary of this path, as far as the request has it. Requires: the path has a
// message.
[[nodiscard]] DataPart summary_part(const Context& context, const std::vector<Repair>& repairs);
// Nothing if these settings do not ask for a summary.
[[nodiscard]] std::optional<DataPart> asked_summary(const Context& context,
                                                    const std::optional<RequestSettings>& settings,
                                                    const std::vector<Repair>& repairs);

// Puts that part before the first one of the answer that these steps write. The steps of an answer
// pass through one of these, in order.
class SummarySteps {
 public:
  explicit SummarySteps(DataPart part) : part_(std::move(part)) {}
  [[nodiscard]] std::vector<Step> of(std::vector<Step> steps) const;

 private:
  DataPart part_;
};

}  // namespace lockstep
