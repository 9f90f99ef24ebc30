// SPDX-License-Identifier: Apache-2.0
// json_wait.h: a sync that is answered with one diff, after the runs it waits for have ended.
//
//   first sync ──> follow until all awaited runs have ended ──> second sync, without changes ──>
//   one diff, a piece at a time
//
// The second exchange starts from the same cursor as the first, so the diff holds everything, and
// the outcomes are the first one's. If it can't be made any more (the thread was deleted, the
// server stops) the first diff is given: it is true, and the front comes again with its cursor.
//
// Lives on: the engine strand. Must not outlive the engine.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/base/alive.h"
#include "engine/live/engine.h"
#include "server/codec/json_pieces.h"
#include "server/codec/stream.h"
#include "server/front/front.h"

namespace lockstep {

class JsonWait : public Stream, private Follower {
 public:
  // `request` is what the first reply answered, without its changes.
  JsonWait(Front& front, SyncRequest request, SyncReply first);
  ~JsonWait() override;
  JsonWait(const JsonWait&) = delete;
  JsonWait& operator=(const JsonWait&) = delete;

  void attach(StreamOwner& owner) override;
  Filled fill(std::string& out, std::size_t bytes_max) override;
  void shut_down() override;

 private:
  void wake() override;
  // Follows the thread; true: nothing is to be waited for any more.
  void take(const Entry& entry);
  bool waited();
  void sync_again();

  Engine& engine_;
  SyncRequest request_;
  SyncReply first_;
  std::optional<SyncReply> last_;
  std::optional<JsonPieces> answer_;  // once it is known
  Charge held_;
  StreamOwner* owner_ = nullptr;
  Timestamp at_;
  bool joined_ = false;
  bool awake_ = true;
  bool asked_ = false;    // the second sync is under way
  bool give_up_ = false;  // the first diff is the answer
  Alive alive_;
};

}  // namespace lockstep
