// SPDX-License-Identifier: Apache-2.0
// json_wait.h: a sync whose one JSON answer comes after the awaited runs have ended.
//
//   first sync ──> follow until all awaited runs have ended ──> second sync, without changes ──>
//   one diff, a piece at a time
//
// The second sync starts from the same cursor as the first, so its diff holds everything. The
// outcomes come from the first. If the second sync is impossible (the thread is deleted, the server
// stops), the answer is the first diff: it is true, and the front syncs again from its cursor.
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
  // `first` is the reply to `request`.
  JsonWait(Front& front, SyncRequest request, SyncReply first);
  ~JsonWait() override;
  JsonWait(const JsonWait&) = delete;
  JsonWait& operator=(const JsonWait&) = delete;

  void attach(StreamOwner& owner) override;
  Filled fill(std::string& out, std::size_t bytes_max) override;
  void shut_down() override;

 private:
  void wake() override;
  void take(const Entry& entry);
  // Reads new entries; true when all awaited runs have ended.
  bool waited();
  void sync_again();

  Engine& engine_;
  SyncRequest request_;
  SyncReply first_;
  std::optional<SyncReply> last_;
  std::optional<JsonPieces> answer_;  // once one of the diffs is chosen
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
