// SPDX-License-Identifier: Apache-2.0
#include "server/front/ws_session.h"

#include <algorithm>
#include <utility>

#include "engine/base/codes.h"
#include "server/base/limits.h"
#include "server/codec/json_write.h"
#include "server/front/body_read.h"
#include "server/front/feed_follower.h"
#include "server/front/follower.h"

namespace lockstep {

WsSession::WsSession(Transport& transport, Front& front, Caller caller)
    : transport_(transport),
      front_(front),
      user_(std::move(caller.user)),
      token_(caller.token),
      address_(transport.address()),
      parser_(limits::body_bytes_max),
      heard_(transport.now()),
      sent_(transport.now()),
      held_(front.memory, MemoryKind::bodies) {
  ++front_.counts.sockets;
  bytes_.start(front_.rate, user_.get());
}

WsSession::~WsSession() {
  --front_.counts.sockets;
  front_.counts.streams -= ids_.size();
}

void WsSession::refuse_user() { close(WsClose::not_authorised, "send a valid token"); }

// --- In ------------------------------------------------------------------------------------------

void WsSession::received(std::string_view bytes) {
  heard_ = transport_.now();
  pinged_.reset();
  const auto fault = parser_.feed(bytes, [this](WsItem item) { took(std::move(item)); });
  if (fault) return close(fault->close_code, fault->reason);
  hold();
  if (!bytes_.set(bytes_held()))
    close(WsClose::try_again, "too many unanswered bytes of this user: try again later");
}

void WsSession::hold() {
  if (!parser_.in_message()) {
    message_since_.reset();
  } else if (!message_since_) {
    message_since_ = transport_.now();
  }
  // `read_body` charges the message that it is parsing.
  const std::size_t bytes = bytes_held() - reading_bytes_;
  const bool admitted = may_hold(front_.memory, held_.bytes(), bytes);
  held_.set(bytes);
  if (!admitted) close(WsClose::try_again, "the server has no free memory: try again later");
}

void WsSession::took(WsItem item) {
  switch (item.opcode) {
    case WsOpcode::ping:
      if (!closing_) append_ws_frame(replies_, WsOpcode::pong, item.payload);
      transport_.wake();
      throttle();
      break;
    case WsOpcode::close:
      // Answer their close frame with ours, unless theirs answers ours.
      if (!closing_)
        close(item.close_code == WsClose::none ? WsClose::normal : item.close_code, {});
      transport_.finish();
      break;
    case WsOpcode::text:
      message_since_.reset();
      waiting_.push_back(std::move(item.payload));
      read_next();
      break;
    default:
      break;
  }
}

// Takes calls in order: those behind a long one wait until the background thread has parsed it. A
// short one is parsed within this loop and calls back into this function: `is_in_loop_` turns that
// recursion into the next round.
void WsSession::read_next() {
  if (std::exchange(is_in_loop_, true)) return;
  while (!waiting_.empty() && !is_reading_ && !closing_) {
    is_reading_ = true;
    std::string text = std::move(waiting_.front());
    waiting_.pop_front();
    reading_bytes_ = text.size();
    read_body(front_, std::move(text), read_socket_call,
              alive_.guard([this](std::expected<SocketCall, SocketFault> call) {
                store_files(std::move(call));
              }));
  }
  is_in_loop_ = false;
  bytes_.set(bytes_held());
  held_.set(bytes_held() - reading_bytes_);
  throttle();
}

void WsSession::called(std::expected<SocketCall, SocketFault> call) {
  if (!call) return refuse(call.error().id, call.error().problem);
  ++front_.counts.requests;
  if (stopping_)
    return refuse(call->id, make_problem(codes::stopping, "The server is stopping: try again."));
  if (!may_call(*call)) return throttle();
  if (auto* claim_asked = std::get_if<SocketClaim>(&call->what)) {
    claim(call->id, std::move(*claim_asked));
  } else if (auto* claim_steps = std::get_if<SocketClaimSteps>(&call->what)) {
    write_claimed(call->id, std::move(*claim_steps), std::move(call->files));
  } else if (auto* asked = std::get_if<SocketSync>(&call->what)) {
    sync(call->id, std::move(*asked), std::move(call->files));
  } else if (auto* steps = std::get_if<SocketSteps>(&call->what)) {
    write_steps(call->id, std::move(*steps), std::move(call->files));
  } else if (auto* asked_feed = std::get_if<SocketFeed>(&call->what)) {
    feed(call->id, *asked_feed);
  } else {
    cancel(call->id);
  }
  throttle();
}

void WsSession::input_ended() {
  closing_ = true;
  replies_.clear();
  line_.clear();
  transport_.finish();
}

// May the call open a stream with this id? If not, this sends the refusal.
bool WsSession::try_open(const std::string& id) {
  if (channels_.contains(id)) {
    refuse(id, make_problem(codes::id_in_use,
                            "A request with this id is still open: choose another id.", "id"));
    return false;
  }
  if (!may_ask(id)) return false;
  if (channels_.size() >= limits::socket_streams_max) {
    refuse(id,
           make_problem(codes::too_many, "This socket has too many open requests: cancel some."));
    return false;
  }
  auto open = front_.rate.open_of(user_.get());
  if (!open) {
    refuse(id, make_problem(codes::too_many,
                            "This user has too many open requests and streams: close some."));
    return false;
  }
  channels_[id].open = std::move(*open);
  return true;
}

// Do the rate limits of the user and the address allow the call? If not, this sends the refusal.
bool WsSession::may_ask(const std::string& id) {
  const bool address = front_.rate.may_ask(address_, transport_.now());
  if (address && front_.rate.user_may_ask(user_.get(), transport_.now())) return true;
  const std::string who = address ? "This user" : "This address";
  refuse(id,
         make_problem(codes::too_many, who + " has sent too many requests: wait and try again."));
  return false;
}

std::size_t WsSession::bytes_held() const {
  std::size_t bytes = parser_.held() + reading_bytes_;
  for (const std::string& text : waiting_) bytes += text.size();
  return bytes;
}

void WsSession::sync(const std::string& id, SocketSync call, Files files) {
  if (!try_open(id)) return;
  SyncRequest& request = call.call.request;
  request.changes.user = user_;
  if (request.thread.owner.get().empty()) request.thread.owner = user_;
  FollowPlan plan;
  plan.user = user_;
  plan.thread = request.thread;
  plan.framing = {Form::socket, id};
  plan.follow = call.call.follow.value_or(Follow::run);
  ++unanswered_;
  front_.engine.sync(std::move(request),
                     alive_.guard([this, id, plan = std::move(plan),
                                   files = std::move(files)](Result<SyncReply> reply) mutable {
                       synced(id, std::move(plan), std::move(reply));
                     }));
}

void WsSession::synced(const std::string& id, FollowPlan plan, Result<SyncReply> reply) {
  --unanswered_;
  throttle();
  // The client has cancelled the call: the changes stay, but it wants no answer.
  if (!channels_.contains(id)) return;
  if (!reply) {
    drop(id);
    return refuse(id, problem_of(reply.error()));
  }
  plan.awaited = reply->awaited;
  plan.reply = std::move(*reply);
  auto follower = ThreadFollower::open(front_.follow_parts(), std::move(plan));
  if (!follower) {
    drop(id);
    return refuse(id, problem_of(follower.error()));
  }
  add_stream(id, std::move(*follower));
}

void WsSession::feed(const std::string& id, const SocketFeed& call) {
  if (!try_open(id)) return;
  std::optional<std::string> after = call.cursor;
  std::optional<Error> error;
  if (after) {
    const auto known = front_.engine.feed(user_, *after, 1);
    if (!known) error = known.error();
  } else {
    const auto now = front_.engine.threads(user_, std::nullopt, 1);
    if (!now) error = now.error();
    if (now) after = now->cursor;
  }
  if (error) {
    drop(id);
    return refuse(id, problem_of(*error));
  }
  add_stream(id, std::make_unique<FeedFollower>(front_.engine, user_, std::move(*after),
                                                Framing{Form::socket, id}));
}

void WsSession::write_steps(const std::string& id, SocketSteps call, Files files) {
  if (call.thread.owner.get().empty()) call.thread.owner = user_;
  ++unanswered_;
  front_.engine.write(
      user_, std::move(call.thread), std::move(call.batch),
      alive_.guard([this, id, files = std::move(files)](std::expected<StepAck, StepRefusal> ack) {
        --unanswered_;
        throttle();
        if (!ack) return refuse(id, problem_of(ack.error(), front_.engine.epoch()));
        std::string frame;
        append_steps_frame(frame, *ack);
        reply(id, frame);
      }));
}

void WsSession::cancel(const std::string& id) {
  // A cancel and the end of its call may cross on the network: an unknown id is not an error.
  drop(id);
}

// --- Streams -------------------------------------------------------------------------------------

void WsSession::add_stream(const std::string& id, std::unique_ptr<Stream> stream) {
  Channel& channel = channels_.at(id);
  channel.stream = std::move(stream);
  ids_.emplace(channel.stream.get(), id);
  channel.held = Charge(front_.memory, MemoryKind::followers, limits::stream_bytes);
  ++front_.counts.streams;
  channel.stream->attach(*this);
  if (stopping_) channel.stream->shut_down();
  woken(*channel.stream);
}

void WsSession::drop(const std::string& id) {
  const auto found = channels_.find(id);
  if (found == channels_.end()) return;
  if (found->second.claim) front_.claims->cancel(*found->second.claim);
  if (found->second.stream) {
    ids_.erase(found->second.stream.get());
    --front_.counts.streams;
  }
  channels_.erase(found);
}

void WsSession::woken(Stream& stream) {
  const auto id = ids_.find(&stream);
  if (id == ids_.end()) return;
  Channel& channel = channels_.at(id->second);
  if (!channel.in_line) line_.push_back(id->second);
  channel.in_line = true;
  transport_.wake();
}

// --- Out -----------------------------------------------------------------------------------------

void WsSession::reply(const std::string& id, std::string_view frame) {
  if (closing_) return;
  Framing{Form::socket, id}.append(replies_, frame, {});
  transport_.wake();
}

void WsSession::refuse(const std::string& id, const Problem& problem) {
  ++front_.counts.requests_refused;
  std::string frame;
  append_failure(frame, problem);
  if (!id.empty()) return reply(id, frame);
  if (closing_) return;
  append_ws_frame(replies_, WsOpcode::text, frame);
  transport_.wake();
  throttle();
}

void WsSession::fill(std::string& out) {
  const std::size_t before = out.size();
  if (!replies_.empty()) {
    out += replies_;
    std::string().swap(replies_);
  }
  fill_streams(out);
  if (out.size() > before) sent_ = transport_.now();
  throttle();
  // Close only after the last stream has ended and the last answer is out: every front needs its
  // last cursor.
  if (stopping_ && !closing_ && channels_.empty() && unanswered_ == 0 && !is_reading_) {
    close(WsClose::going_away, "going away");
  }
}

void WsSession::fill_streams(std::string& out) {
  while (!line_.empty() && out.size() < limits::write_bytes_max) {
    const std::string id = std::move(line_.front());
    line_.pop_front();
    const auto found = channels_.find(id);
    if (found == channels_.end() || !found->second.stream) continue;
    found->second.in_line = false;
    Stream& stream = *found->second.stream;
    const auto filled = stream.fill(out, limits::write_bytes_max - out.size());
    if (filled == Stream::Filled::more) woken(stream);
    if (filled == Stream::Filled::finished) drop(id);
  }
  if (!line_.empty()) transport_.wake();
}

// Backpressure: reads only while the limits leave room for more calls and answers.
void WsSession::throttle() {
  const bool reads = !is_reading_ && replies_.size() < limits::socket_replies_bytes_max &&
                     unanswered_ < limits::socket_requests_max;
  if (reads == reads_) return;
  reads_ = reads;
  transport_.read(reads);
}

void WsSession::close(std::uint16_t code, std::string_view reason) {
  if (closing_) return;
  append_ws_close(replies_, code, reason);
  closing_ = true;
  closed_at_ = transport_.now();
  line_.clear();
  while (!channels_.empty()) drop(std::string(channels_.begin()->first));
  transport_.wake();
  // Wait for the client's close frame only in these two cases. After a fault the parser understands
  // no further bytes.
  if (code != WsClose::going_away && code != WsClose::not_authorised) transport_.finish();
}

// --- Time ----------------------------------------------------------------------------------------

void WsSession::tick(Tick now) {
  if (closing_) {
    if (now - closed_at_ > limits::close_time_max) transport_.finish();
    return;
  }
  if (message_since_ && now - *message_since_ > limits::body_time_max) {
    return close(WsClose::policy, "a message did not arrive in time");
  }
  if (pinged_) {
    // While the session does not read, the pong may wait in the socket.
    if (reads_ && now - *pinged_ > limits::pong_time_max)
      close(WsClose::policy, "no answer to a ping");
    return;
  }
  if (std::min(now - heard_, now - sent_) < limits::silence_max) return;
  pinged_ = now;
  append_ws_frame(replies_, WsOpcode::ping, {});
  transport_.wake();
}

void WsSession::tokens_changed() {
  if (!front_.auth.allows({user_, token_})) refuse_user();
}

void WsSession::shut_down() {
  if (stopping_) return;
  stopping_ = true;
  for (auto& [id, channel] : channels_) {
    if (channel.stream) channel.stream->shut_down();
  }
  transport_.wake();
}

}  // namespace lockstep
