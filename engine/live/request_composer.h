// SPDX-License-Identifier: Apache-2.0
// request_composer.h: composes the requests to models that have files, next to the strand.
//
// The files of a path are on the disk, and as text they are some ten megabytes: reading them and
// writing the request would stop all other threads of all users for that time. So both happen on
// another thread: first it looks up the files, then, when the account of memory has their bytes, it
// reads them and asks the agent for the request (`Agent::sent`, which is pure).
//
// Lives on: the engine strand.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "engine/base/memory.h"
#include "engine/base/offload.h"
#include "engine/rules/producer.h"
#include "engine/store/blobs.h"

namespace lockstep {

class RequestComposer {
 public:
  // `memory`: null means that memory is not counted.
  RequestComposer(const Blobs& blobs, Offload& offload, MemoryAccount* memory)
      : blobs_(blobs), offload_(offload), memory_(memory) {}
  RequestComposer(const RequestComposer&) = delete;
  RequestComposer& operator=(const RequestComposer&) = delete;

  struct Composed {
    Context context;  // without attachments: the request has their bytes
    Sent sent;
  };
  // True: nobody waits for the request any more.
  using Stop = std::shared_ptr<std::atomic<bool>>;

  using Take = std::move_only_function<void(Composed composed)>;

  // Calls `done` in a later turn of the strand, unless the offload is destroyed before. After a
  // stop the request is empty. `stop` may be null.
  void compose(std::shared_ptr<const Agent> agent, Context context, Stop stop, Take done);

 private:
  const Blobs& blobs_;
  Offload& offload_;
  MemoryAccount* memory_;
};

}  // namespace lockstep
