// SPDX-License-Identifier: Apache-2.0
// blob_upload.h: an upload, from the socket to the disk.
//
//   socket ──> HttpSession ──take──> queue ──> thread of uploads: BlobWriter::add ──> file
//                                      └── end ──> BlobWriter::finish ──> 201
//
// One thread writes and flushes the blobs of all users, so a slow disk blocks neither the strand
// nor the thread that parses bodies. An upload has one piece on that thread at a time, so uploads
// of several users take turns.
//
// Lives on: the engine strand.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/base/alive.h"
#include "server/front/front.h"
#include "server/net/body_sink.h"
#include "server/net/http_message.h"

namespace lockstep {

class BlobUpload final : public BodySink {
 public:
  struct Asked {
    UserId user;
    std::string media_type;
    std::uint64_t bytes = 0;  // as the header announces; 0: unknown
  };
  // `drained`: it holds less than before. Requires: the front has blobs.
  BlobUpload(Front& front, Asked asked, Respond respond, std::function<void()> drained);
  ~BlobUpload() override;
  BlobUpload(const BlobUpload&) = delete;
  BlobUpload& operator=(const BlobUpload&) = delete;

  void take(std::string bytes) override;
  void end() override;
  [[nodiscard]] std::size_t held() const override { return queue_.size() + writing_; }

 private:
  struct Work;
  void go_on();
  void write();
  void finish();
  void wrote(const Result<void>& written);

  Front& front_;
  std::shared_ptr<Work> work_;  // of the thread, while it is busy
  Respond respond_;
  std::function<void()> drained_;
  std::string queue_;
  std::size_t writing_ = 0;  // bytes on the thread
  bool begun_ = false;
  bool busy_ = false;
  bool ended_ = false;   // the body is whole
  bool failed_ = false;  // it was refused: no more is written
  Alive alive_;
};

}  // namespace lockstep
