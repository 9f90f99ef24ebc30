// SPDX-License-Identifier: Apache-2.0
// compose.h: makes a model request's body from a path and a run's settings.
//
// Pure and deterministic: the same context always gives the same bytes, so the server can show a
// request again without storing it. Providers refuse some parts of a path, or have no place for
// them: a repair, in words, names each change that the body makes for that reason.
//
// The body has each part in this form:
//   text         as it is; an empty line joins several of a message
//   reasoning    not at all: providers take back only reasoning that they signed
//   tool_call    in the assistant message's `tool_calls`; only whole ones: the arguments are a JSON
//                object, or are empty in a message that is complete (then the body has `{}`)
//   tool_result  a message of role `tool`, right after the message with its call, wherever the path
//                has it; a call without a result gets a made one; a result without a call before it
//                is left out
//   file         an image in a user's message: `image_url`; any other: a line of text that names it
//   data         a line of text: its name, and its value as JSON
// The body leaves out a message that has no part left.
#pragma once

#include "engine/rules/producer.h"

namespace lockstep {

// Every kind of agent answers `Agent::sent` with this. An offline reader can call it too, because
// the settings hold the kind and everything else. For kind `push` it shows what a model would
// receive.
[[nodiscard]] Sent sent_from_settings(const Context& context);

}  // namespace lockstep
