// SPDX-License-Identifier: Apache-2.0
// json_write.h: what goes out, as JSON.
//
// The objects, events and frames of docs/protocol.md, appended by hand. An entry's frame is made
// once and shared by all who follow the thread; a diff is made frame by frame (diff_frames.h), so
// that a long one is never in memory twice. Fields that no front may see are left out: of
// `HeadMoved` where the head came from, of an `Ack` the hash, an entry's origin and producer's
// mark.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/live/sync.h"
#include "engine/rules/diff.h"
#include "engine/rules/event.h"
#include "engine/rules/state.h"

namespace lockstep {

// The names on the wire.
[[nodiscard]] std::string_view name_of(Role role);
[[nodiscard]] std::string_view name_of(MessageStatus status);
[[nodiscard]] std::string_view name_of(RunStatus status);
[[nodiscard]] std::string_view name_of(ChangeType type);

// --- Objects -------------------------------------------------------------------------------------

// A long text that was left out of an object: whoever wants the whole writes it at `at`. It is a
// view of the object's own text. See json_pieces.h.
struct LongText {
  enum class Form : std::uint8_t {
    text,  // to be escaped; the quotes are there
    json,  // as it is
  };
  std::size_t at = 0;
  std::string_view text;
  Form form = Form::text;
};
using Apart = std::vector<LongText>;

void append_part(std::string& out, const Part& part);
void append_message(std::string& out, const Message& message);
void append_input(std::string& out, const MessageInput& input);
void append_run(std::string& out, const Run& run);
void append_thread(std::string& out, const Thread& thread);
void append_growth(std::string& out, const Growth& growth);
void append_change(std::string& out, const MessageChange& changed);
// All but its long texts, which are added to `apart`.
void append_shell(std::string& out, const MessageChange& changed, Apart& apart);
void append_outcome(std::string& out, const Outcome& outcome);

// --- Frames --------------------------------------------------------------------------------------

void append_event(std::string& out, const Event& event);
// `{"frame":"entry",…}`.
void append_entry_frame(std::string& out, const Entry& entry);
void append_live_frame(std::string& out, const Cursor& cursor);
void append_end_frame(std::string& out, const Cursor& cursor, std::string_view reason);
// `reader`: whose feed it is; a thread of another user is told with its `user`.
void append_feed_frame(std::string& out, const FeedItem& item, const UserId& reader);
void append_steps_frame(std::string& out, const StepAck& ack);

// --- Helpers of the writers ----------------------------------------------------------------------

// `"name":"id"`, or null.
void append_field_id(std::string& out, std::string_view name, const std::optional<MessageId>& id);
void append_place(std::string& out, const Place& place);
void append_error(std::string& out, const RunError& error);

}  // namespace lockstep
