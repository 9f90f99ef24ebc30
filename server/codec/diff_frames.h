// SPDX-License-Identifier: Apache-2.0
// diff_frames.h: the diff that a sync is answered with, in frames of a bounded size.
//
//   first    frame, cursor, from, more?, reset?, thread?, messages, removed, runs
//   middle   frame, cursor, from, more, messages, removed, runs
//   last     frame, cursor, from, messages, removed, runs, outcomes, digest?, edge_digest?, older?
//
// A front applies all of them together. A frame is made when it can be written, so of a long diff
// only one frame is in memory beside the diff itself. A frame is over the limit only if one message
// alone is.
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
  // Appends as many of the rows that are left as fit; true if none is left.
  bool append_rows(std::string& out, std::size_t frame_start);

  SyncReply reply_;
  std::size_t frame_bytes_max_;
  bool first_ = true;
  std::size_t messages_ = 0;  // so many were appended
  std::size_t removed_ = 0;
  std::size_t runs_ = 0;
};

// What a first frame has up to its messages, and a last one after its runs.
void append_diff_head(std::string& out, const SyncReply& reply);
void append_diff_tail(std::string& out, const SyncReply& reply);

}  // namespace lockstep
