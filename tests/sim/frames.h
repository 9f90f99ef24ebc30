// SPDX-License-Identifier: Apache-2.0
// frames.h: a frame on a line: the text of the server's own followers, and the meaning that the
// simulation knows.
//
// A wire front takes the text, a screen front the meaning; the line compares the two.
//
// Lives on: the simulation's one thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/live/engine.h"
#include "server/codec/stream.h"

namespace lockstep::sim {

struct PartOfDiff {};  // more of it follows
struct Live {
  Cursor cursor;
};
struct Ended {
  std::string reason;
  Cursor cursor;
};
// Of a refusal before the stream began, or in it.
struct Refused {
  Error error;
  bool on_stream = false;
};

struct Frame {
  std::string text;
  std::variant<PartOfDiff, SyncReply, std::shared_ptr<const Entry>, Live, Ended, Refused> what;
};

// One frame as it lay in a stream's bytes.
struct Said {
  std::string id;  // of SSE; empty: none
  std::string text;
};
// Requires: whole frames, as a stream fills them.
[[nodiscard]] std::vector<Said> frames_in(Form form, std::string_view bytes);

// "diff", "entry", "live" …
[[nodiscard]] std::string_view kind_of(std::string_view frame);
// Of an `end` or a `live` frame.
[[nodiscard]] Cursor cursor_in(std::string_view frame);
[[nodiscard]] std::string text_in(std::string_view frame, std::string_view name);

// The document that a front is refused with.
[[nodiscard]] Frame refusal(const Error& error);

}  // namespace lockstep::sim
