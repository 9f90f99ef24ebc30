// SPDX-License-Identifier: Apache-2.0
// diff_frames.h: the diff that answers a sync, in frames of a bounded size.
//
//   first    frame, cursor, from, more?, reset?, thread?, messages, removed, runs
//   middle   frame, cursor, from, more, messages, removed, runs
//   last     frame, cursor, from, messages, removed, runs, outcomes, digest?, edge_digest?, older?
//
// A front applies all of them together. `next` makes a frame when the socket can take it, so a long
// diff costs the diff itself and one frame of memory. A frame exceeds the limit only if a single
// message does.
#pragma once

#include <cstddef>
#include <string>

#include "engine/live/sync.h"

namespace lockstep {

class DiffFrames {
 public:
  DiffFrames(SyncReply reply, std::size_t frame_bytes_max);

  // Appends the next frame. True: it was the last.
  bool next(std::string& out);

  [[nodiscard]] const SyncReply& reply() const { return reply_; }

 private:
  // Appends as many of the remaining rows as fit; true if those were the last.
  bool append_rows(std::string& out, std::size_t frame_start);

  SyncReply reply_;
  std::size_t frame_bytes_max_;
  bool first_ = true;
  std::size_t messages_ = 0;  // appended so far; so are the next two
  std::size_t removed_ = 0;
  std::size_t runs_ = 0;
};

// The members of a first frame before the elements of `messages`, and those of a last frame after
// `runs`.
void append_diff_head(std::string& out, const SyncReply& reply);
void append_diff_tail(std::string& out, const SyncReply& reply);

}  // namespace lockstep
