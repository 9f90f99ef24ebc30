// SPDX-License-Identifier: Apache-2.0
#include "server/front/blob_upload.h"

#include <utility>

#include "engine/base/must.h"
#include "engine/base/try.h"
#include "schema/json/json_text.h"
#include "server/front/blob_answers.h"
#include "server/front/call.h"

namespace lockstep {

// The writer belongs to the thread of uploads: it is made, used and destroyed there.
struct BlobUpload::Work {
  Blobs& blobs;
  Asked asked;
  std::unique_ptr<BlobWriter> writer = {};

  Result<void> add(std::string_view bytes) {
    if (!writer) {
      TRY_LET(begun, blobs.begin(asked.user, asked.media_type, asked.bytes));
      writer = std::move(begun);
    }
    return writer->add(bytes);
  }
};

BlobUpload::BlobUpload(Front& front, Asked asked, Respond respond, std::function<void()> drained)
    : front_(front),
      work_(std::make_shared<Work>(*front.blobs.store, std::move(asked))),
      respond_(std::move(respond)),
      drained_(std::move(drained)) {
  go_on();
}

// The thread removes the unfinished file behind the piece that it may be writing.
BlobUpload::~BlobUpload() {
  front_.blobs.uploads->offload([work = std::move(work_)] { work->writer.reset(); }, [] {});
}

void BlobUpload::take(std::string bytes) {
  if (failed_) return;
  if (queue_.empty()) {
    queue_ = std::move(bytes);
  } else {
    queue_ += bytes;
  }
  go_on();
}

void BlobUpload::end() {
  ended_ = true;
  go_on();
}

void BlobUpload::go_on() {
  if (busy_ || failed_) return;
  if (!begun_ || !queue_.empty()) return write();
  if (ended_) finish();
}

// The first piece may be empty: it begins the upload, so that a user without room learns that
// before the body is read.
void BlobUpload::write() {
  busy_ = begun_ = true;
  std::string bytes = std::exchange(queue_, {});
  writing_ = bytes.size();
  front_.blobs.uploads->run([work = work_, bytes = std::move(bytes)] { return work->add(bytes); },
                            alive_.guard([this](const Result<void>& written) { wrote(written); }));
}

void BlobUpload::wrote(const Result<void>& written) {
  front_.counts.blob_bytes_taken += std::exchange(writing_, 0);
  busy_ = false;
  if (!written) {
    failed_ = true;
    queue_.clear();
    Respond respond = std::move(respond_);
    return refuse(respond, written.error());  // destroys this
  }
  go_on();
  drained_();
}

void BlobUpload::finish() {
  busy_ = true;
  struct Made {
    BlobHash hash;
    BlobFacts facts;
  };
  front_.blobs.uploads->run(
      [work = work_]() -> Result<Made> {
        TRY_LET(placed, work->writer->finish());
        TRY_LET(facts, work->blobs.find(work->asked.user, placed.hash));
        if (!facts) return fail(Kind::not_found, codes::unknown_blob, "the blob was erased");
        return Made{placed.hash, std::move(*facts)};
      },
      alive_.guard([this](const Result<Made>& made) {
        failed_ = true;  // nothing comes any more
        Respond respond = std::move(respond_);
        if (made) ++front_.counts.blobs_taken;
        // Both destroy this.
        if (!made) return refuse(respond, made.error());
        respond(uploaded(made->hash, made->facts));
      }));
}

}  // namespace lockstep
