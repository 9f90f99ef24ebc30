// SPDX-License-Identifier: Apache-2.0
// call_gates.h: what is noted of a call when its message is cut or put again.
//
// A note is about the call that a person saw. A call whose arguments were shortened or edited is
// another call, even if what is left is again a whole JSON object: nobody approved that one. So it
// asks again wherever the former one had to be decided, and a tool that is always allowed in the
// thread stays allowed. `fold` drops the note of a part that is cut; the functions here say the new
// note, in the same entry.
#pragma once

#include <vector>

#include "engine/rules/draft.h"

namespace lockstep {

// Says `MessageCut`, and the notes of the calls that it shortens. Requires: the message lives, and
// `keep` is no longer than its parts.
void cut_parts(Draft& draft, const MessageState& row, std::vector<Units> keep,
               MessageStatus status);

// `former` is put again as `message`: what is there as it was keeps its opaque data and its notes.
// A call that is new or has changed needs approval, where the run's agent asks for it or where the
// former one did.
void keep_beside(const Draft& draft, Message& message, const Message& former);

}  // namespace lockstep
