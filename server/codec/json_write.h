// SPDX-License-Identifier: Apache-2.0
// json_write.h: writes answers and frames as JSON.
//
// These functions append the objects, events and frames of docs/protocol.md. The server writes an
// entry's frame once and shares it between all followers of the thread. It writes a diff frame by
// frame (diff_frames.h), so that a long one is never in memory twice. Some fields are not for
// fronts, and these functions leave them out: the former head in `HeadMoved`, the hash in an `Ack`,
// the claim of an attempt, and an entry's origin and producer offset.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/live/sync.h"
#include "engine/rules/diff.h"
#include "engine/rules/event.h"
#include "engine/rules/producer.h"
#include "engine/rules/state.h"

namespace lockstep {

// The names in the protocol.
[[nodiscard]] std::string_view name_of(MessageStatus status);
[[nodiscard]] std::string_view name_of(RunStatus status);
[[nodiscard]] std::string_view name_of(ChangeType type);
[[nodiscard]] std::string_view name_of(ResumeStatus status);

// --- Objects -------------------------------------------------------------------------------------

// A long text that `append_shell` left out, and the place `at` where it belongs. The text is a view
// into the message. See json_pieces.h.
struct LongText {
  enum class Form : std::uint8_t {
    text,  // must be escaped; the shell has the quotes
    json,  // copied as it is
  };
  std::size_t at = 0;
  std::string_view text;
  Form form = Form::text;
};
using Apart = std::vector<LongText>;

void append_part(std::string& out, const Part& part);
void append_message(std::string& out, const Message& message);
// With its opaque data, which is not for screens.
void append_whole_message(std::string& out, const Message& message);
void append_input(std::string& out, const MessageInput& input);
void append_run(std::string& out, const Run& run);
void append_call_fields(std::string& out, const CallNote& note);
void append_calls(std::string& out, const std::vector<CallNote>& calls);
void append_resume(std::string& out, const Resume& resume);
void append_texts(std::string& out, std::string_view name, const std::vector<std::string>& texts);
void append_thread(std::string& out, const Thread& thread);
void append_growth(std::string& out, const Growth& growth);
void append_change(std::string& out, const MessageChange& changed);
// Appends the change without its long texts, and adds those to `apart`. `whole`: with opaque data.
void append_shell(std::string& out, const MessageChange& changed, Apart& apart, bool whole = false);
void append_outcome(std::string& out, const Outcome& outcome);
// `{kind, count, ids, text}`; only the text, as a string, of a run of format 1.
void append_repair(std::string& out, const Repair& repair);

// --- Frames --------------------------------------------------------------------------------------

void append_event(std::string& out, const Event& event);
// `{"frame":"entry",…}`, without the events that note opaque data.
void append_entry_frame(std::string& out, const Entry& entry);
void append_live_frame(std::string& out, const Cursor& cursor);
void append_end_frame(std::string& out, const Cursor& cursor, std::string_view reason);
// `reader`: the owner of the feed. A thread of another user gets a `user` member.
void append_feed_frame(std::string& out, const FeedItem& item, const UserId& reader);
void append_steps_frame(std::string& out, const StepAck& ack);

// --- Helpers of the writers ----------------------------------------------------------------------

// `"name":"id"`, or `"name":null`.
void append_field_id(std::string& out, std::string_view name, const std::optional<MessageId>& id);
void append_place(std::string& out, const Place& place);
void append_error(std::string& out, const RunError& error);
// `"finish_reason":…,"model":…`, each where it is set.
void append_finish(std::string& out, const Finish& finish);
// `"repairs":[{kind, count, ids}]`.
void append_repairs(std::string& out, const std::vector<NotedRepair>& repairs);
// `"part":…,"origin":…,"value":…`
void append_opaque_fields(std::string& out, const OpaqueData& data);

}  // namespace lockstep
