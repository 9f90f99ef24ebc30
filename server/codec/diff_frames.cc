// SPDX-License-Identifier: Apache-2.0
#include "server/codec/diff_frames.h"

#include <algorithm>
#include <utility>

#include "schema/json/json_text.h"
#include "server/base/limits.h"
#include "server/codec/json_write.h"

namespace lockstep {
namespace {

void append_removed(std::string& out, const MessageId& id) { append_text(out, id.get()); }

// A frame in the making, which may grow to `size_max`. Its first row always fits: a single large
// message must get out too.
struct Room {
  std::string& out;
  std::size_t size_max;
  bool empty = true;
};

// Appends an array of the rows from `next` on, as long as there is room. Takes back a row that does
// not fit, unless it is the frame's first.
template <class Row, class Append>
void append_some(Room& room, const std::vector<Row>& rows, std::size_t& next, Append append) {
  room.out += '[';
  const std::size_t first = next;
  while (next < rows.size()) {
    const std::size_t before = room.out.size();
    if (next > first) room.out += ',';
    append(room.out, rows[next]);
    if (room.out.size() > room.size_max && !room.empty) {
      room.out.resize(before);
      break;
    }
    room.empty = false;
    ++next;
  }
  room.out += ']';
}

void append_reset(std::string& out, const Reset& reset) {
  append_name(out, "reset");
  out += '{';
  append_field(out, "reason", reset.reason);
  if (reset.kept_until) append_field_number(out, "kept_until", reset.kept_until->get());
  out += '}';
}

void append_frame_head(std::string& out, const SyncReply& reply) {
  out += '{';
  append_field(out, "frame", "diff");
  append_field(out, "cursor", to_string(reply.cursor));
  append_field_number(out, "from", reply.diff.from.get());
}

}  // namespace

DiffFrames::DiffFrames(SyncReply reply, std::size_t frame_bytes_max)
    : reply_(std::move(reply)), frame_bytes_max_(frame_bytes_max) {}

void append_diff_head(std::string& out, const SyncReply& reply) {
  append_frame_head(out, reply);
  if (reply.reset) append_reset(out, *reply.reset);
  if (reply.diff.thread) {
    append_name(out, "thread");
    append_thread(out, *reply.diff.thread);
  }
  append_name(out, "messages");
}

bool DiffFrames::next(std::string& out) {
  const std::size_t start = out.size();
  if (std::exchange(first_, false)) {
    append_diff_head(out, reply_);
  } else {
    append_frame_head(out, reply_);
    append_name(out, "messages");
  }
  const bool last = append_rows(out, start);
  if (last) {
    append_diff_tail(out, reply_);
  } else {
    append_field_flag(out, "more", true);
  }
  out += '}';
  return last;
}

bool DiffFrames::append_rows(std::string& out, std::size_t frame_start) {
  const Diff& diff = reply_.diff;
  // Any frame may turn out to be the last: leave room for the tail.
  const std::size_t size =
      frame_bytes_max_ - std::min(frame_bytes_max_ / 2, limits::diff_tail_bytes);
  Room room{out, size > std::string::npos - frame_start ? size : frame_start + size};
  append_some(room, diff.messages, messages_, append_change);
  append_name(out, "removed");
  if (messages_ < diff.messages.size()) {
    out += "[]";
  } else {
    append_some(room, diff.removed, removed_, append_removed);
  }
  append_name(out, "runs");
  if (messages_ < diff.messages.size() || removed_ < diff.removed.size()) {
    out += "[]";
    return false;
  }
  append_some(room, diff.runs, runs_, append_run);
  return runs_ == diff.runs.size();
}

void append_diff_tail(std::string& out, const SyncReply& reply) {
  append_name(out, "outcomes");
  append_array(out, reply.outcomes, append_outcome);
  if (reply.digest) append_field(out, "digest", to_hex(*reply.digest));
  if (reply.edge_digest) append_field(out, "edge_digest", to_hex(*reply.edge_digest));
  if (reply.older) append_field_flag(out, "older", *reply.older);
}

}  // namespace lockstep
