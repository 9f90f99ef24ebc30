// SPDX-License-Identifier: Apache-2.0
// compose.h: makes a model request's body from a path and a run's settings.
//
// Pure and deterministic: the same context always gives the same bytes, so the server can show a
// request again without storing it. What the user sees is what the model sees: each text,
// reasoning, call and result of the path is in the request, in order, or a repair (repairs.h) says
// why not. Providers refuse some parts of a path, or have no place for them.
//
//   text         as it is
//   reasoning    as the agent's settings say; most providers refuse it
//   tool_call    of an assistant; arguments that are no JSON object become the text of one
//   tool_result  right behind its call, wherever the path has it (call_results.h); a real one
//                stands in place of one that the engine made
//   file         in a user's message: an image, and what else the provider takes; a text as text;
//                any other: a line of text that names it (attached_files.h)
//   data         a line of text: its name, and its value as JSON
// Neighbours of one role are joined. An assistant's turn without text is a sentence in brackets.
//
// If the settings limit the request, the oldest turns may be left out, or the request is refused
// (context_fit.h).
//
// Settings have a format. A later change of these rules is a later format, with a composer of its
// own, because stored runs keep their requests (compose_format1.h).
#pragma once

#include "engine/rules/producer.h"

namespace lockstep {

// Every kind of agent answers `Agent::sent` with this. An offline reader can call it too, because
// the settings hold the kind and everything else. For kind `push` it shows what a model would
// receive.
[[nodiscard]] Sent sent_from_settings(const Context& context);

}  // namespace lockstep
