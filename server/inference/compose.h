// SPDX-License-Identifier: Apache-2.0
// compose.h: a path and a run's settings to the request body.
//
// Pure and deterministic: the same context gives the same bytes for ever, so what a model was sent
// can be shown again without having been stored. What the body must change of the path (because
// providers refuse it, or have no place for it) is listed as a repair, in words.
//
// How parts are sent:
//   text         as it is; several of a message are joined by an empty line
//   reasoning    not at all: providers want back only what they signed
//   tool_call    in the assistant message's `tool_calls`; only whole ones: the arguments are a JSON
//                object, or are empty in a message that is complete (then `{}` is sent)
//   tool_result  a message of role `tool`, right behind the message with its call, wherever in the
//                path it stands; a call without one gets a made one, a result without a call before
//                it is left out
//   file         an image in a user's message: `image_url`. All else: a line of text that names it
//   data         a line of text: its name, and its value as JSON
// A message of which nothing is left is left out.
#pragma once

#include "engine/rules/producer.h"

namespace lockstep {

// Every kind of agent answers `Agent::sent` with this, and an offline reader can too: the kind and
// all else is in the settings. For a kind that sends nothing itself it is what a model would be
// given.
[[nodiscard]] Sent sent_from_settings(const Context& context);

}  // namespace lockstep
