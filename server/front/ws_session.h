// SPDX-License-Identifier: Apache-2.0
// ws_session.h: many threads over one WebSocket.
//
// A state machine owns all reads and writes. Incoming messages are calls (sync_codec.h), each with
// an `id`; a frame has the `id` of the call that it answers. Every followed thread is a stream
// (stream.h), which makes frames when the socket can take more. Streams with frames wait in a line
// and take turns, so that one long diff does not delay the others. Short answers (a step's ack, a
// refusal) go first. If too many of them are unsent, or too many calls unanswered, the session
// stops reading (backpressure), so that its memory is bounded.
//
//   open ──our close──> closing ──theirs, or time──> closed
//   open ──their close, or a fault──> our close goes out ──> closed
//
// Lives on: the engine strand.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "engine/base/alive.h"
#include "engine/base/memory.h"
#include "server/codec/json_pieces.h"
#include "server/codec/stream.h"
#include "server/codec/sync_codec.h"
#include "server/codec/ws_frames.h"
#include "server/front/follower.h"
#include "server/front/front.h"
#include "server/net/transport.h"

namespace lockstep {

class WsSession : public Protocol, private StreamOwner {
 public:
  WsSession(Transport& transport, Front& front, Caller caller);
  ~WsSession() override;
  WsSession(const WsSession&) = delete;
  WsSession& operator=(const WsSession&) = delete;

  // The client's address, also behind proxies, and its count of open connections.
  void came_from(std::string address, Counted counted) {
    address_ = std::move(address);
    counted_ = std::move(counted);
  }
  // Closes with 4401.
  void refuse_user();

  void received(std::string_view bytes) override;
  void input_ended() override;
  void fill(std::string& out) override;
  void tick(Tick now) override;
  void tokens_changed() override;
  void shut_down() override;

 private:
  // One sync or feed, from its call to its end. It has no stream until the engine answers.
  struct Channel {
    std::unique_ptr<Stream> stream;
    bool in_line = false;
    std::optional<std::uint64_t> claim;  // waits for a run, with this number
    Counted open;                        // of the user
    Charge held;
  };

  void woken(Stream& stream) override;
  void took(WsItem item);
  void read_next();
  void store_files(std::expected<SocketCall, SocketFault> call);
  void was_read(std::expected<SocketCall, SocketFault> call);
  void called(std::expected<SocketCall, SocketFault> call);
  using Files = std::shared_ptr<const void>;  // what a call has brought (blob_door.h)
  void sync(const std::string& id, SocketSync call, Files files);
  void synced(const std::string& id, FollowPlan plan, Result<SyncReply> reply);
  void cancel(const std::string& id);
  void write_steps(const std::string& id, SocketSteps call, Files files);
  void feed(const std::string& id, const SocketFeed& call);
  // ws_claims.cc: workers.
  [[nodiscard]] bool may_call(const SocketCall& call);
  void claim(const std::string& id, SocketClaim call);
  void claimed(const std::string& id, const Result<std::optional<Claimed>>& result);
  void write_claim(const std::string& id, JsonPieces pieces);
  void write_claimed(const std::string& id, SocketClaimSteps call, Files files);
  void add_stream(const std::string& id, std::unique_ptr<Stream> stream);
  void drop(const std::string& id);

  void reply(const std::string& id, std::string_view frame);
  void refuse(const std::string& id, const Problem& problem);
  void fill_streams(std::string& out);
  void close(std::uint16_t code, std::string_view reason);
  void throttle();
  void hold();
  [[nodiscard]] bool try_open(const std::string& id);
  [[nodiscard]] bool may_ask(const std::string& id);
  [[nodiscard]] std::size_t bytes_held() const;

  Transport& transport_;
  Front& front_;
  UserId user_;
  std::optional<Hash> token_;
  std::string address_;
  Counted counted_;
  UserBytes bytes_;  // of messages that came and are not parsed yet
  WsParser parser_;
  std::unordered_map<std::string, Channel> channels_;
  std::unordered_map<const Stream*, std::string> ids_;
  std::deque<std::string> line_;  // ids of the streams that have frames
  std::string replies_;
  std::deque<std::string> waiting_;  // messages behind the one that is being parsed
  bool is_in_loop_ = false;
  bool is_reading_ = false;
  std::size_t reading_bytes_ = 0;
  std::size_t unanswered_ = 0;
  Tick heard_;
  Tick sent_;
  std::optional<Tick> pinged_;         // not yet answered
  std::optional<Tick> message_since_;  // since when a message is incomplete
  Charge held_;                        // the bytes of incomplete and waiting messages
  bool reads_ = true;
  bool stopping_ = false;
  bool closing_ = false;
  Tick closed_at_{};
  Alive alive_;
};

}  // namespace lockstep
