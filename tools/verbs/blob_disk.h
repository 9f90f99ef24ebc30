// SPDX-License-Identifier: Apache-2.0
// blob_disk.h: the attachments of a running server, and the threads that write and read them.
//
// A flush takes long. On a thread of its own it delays neither the strand, nor the parsing of
// bodies, nor a download.
#pragma once

#include <memory>
#include <utility>

#include "engine/files/blob_files.h"
#include "engine/live/request_composer.h"
#include "server/base/background.h"
#include "server/front/front.h"

namespace lockstep {

class BlobDisk {
 public:
  BlobDisk(std::unique_ptr<BlobFiles> files, boost::asio::io_context& strand, MemoryAccount& memory)
      : files_(std::move(files)),
        uploads_(strand),
        downloads_(strand),
        composing_(strand),
        memory_(memory),
        composer_(*files_, composing_, &memory) {}

  [[nodiscard]] Blobs& files() { return *files_; }
  [[nodiscard]] Background& uploads() { return uploads_; }
  // Composes requests with files, on a thread of its own.
  [[nodiscard]] RequestComposer& composer() { return composer_; }
  // Where files go that models make.
  [[nodiscard]] BlobDoor door() { return {files_.get(), &uploads_, &memory_}; }
  [[nodiscard]] FrontBlobs for_front() { return {files_.get(), &uploads_, &downloads_}; }

 private:
  std::unique_ptr<BlobFiles> files_;  // outlives the threads
  Background uploads_;
  Background downloads_;
  Background composing_;
  MemoryAccount& memory_;
  RequestComposer composer_;
};

}  // namespace lockstep
