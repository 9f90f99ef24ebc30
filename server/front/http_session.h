// SPDX-License-Identifier: Apache-2.0
// http_session.h: the HTTP requests of one connection, until it becomes a stream or closes.
//
//   idle ──byte──> reading ──whole──> answering ──> idle          HTTP/1.1: the next request
//                     │                   ├──> streaming ──> closing   SSE, NDJSON, to their end
//                     │                   ├──> upgrading ──> closing   a WsSession takes over
//                     │                   └──> closing                 without keep-alive
//                     └──refused──> closing
//
// The session keeps pipelined requests, up to a limit, until it has answered the one before. It
// reads on while it prepares an answer, so it notices when the client goes away. It then drops the
// answer and nothing else: a lost client never stops a run.
//
// Lives on: the engine strand.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/base/alive.h"
#include "engine/base/memory.h"
#include "server/front/front.h"
#include "server/front/router.h"
#include "server/net/connection.h"
#include "server/net/http_message.h"
#include "server/net/http_parser.h"
#include "server/net/transport.h"

namespace lockstep {

// The parts of a server whose connections reach this front over HTTP.
[[nodiscard]] ConnectionParts connection_parts(Front& front);

class HttpSession : public Protocol, private StreamOwner {
 public:
  HttpSession(Transport& transport, Front& front);
  ~HttpSession() override;
  HttpSession(const HttpSession&) = delete;
  HttpSession& operator=(const HttpSession&) = delete;

  void received(std::string_view bytes) override;
  void input_ended() override;
  void fill(std::string& out) override;
  void tick(Tick now) override;
  void tokens_changed() override;
  void shut_down() override;
  [[nodiscard]] std::unique_ptr<Protocol> successor() override;

 private:
  enum class State : std::uint8_t { idle, reading, answering, streaming, upgrading, closing };

  // The request that the session reads or answers.
  struct Exchange {
    Exchange();
    HttpParser parser;
    std::optional<Admission> admission;
    std::optional<Caller> caller;  // nullopt: the route needs no user
    Counted of_address;            // behind a proxy: counts for the client's address
    Counted of_user;
    UserBytes bytes;  // of the body
    HeadOptions head;
    bool is_head = false;  // the method is HEAD: send no body
    std::unique_ptr<Stream> stream;
    Form form = Form::json;
    Charge held;                          // the stream's
    bool in_chunks = false;               // a JSON answer that was too long for one write has begun
    std::unique_ptr<BodySink> sink = {};  // takes the body while it arrives
    std::optional<std::uint64_t> left = {};  // bytes of a BodyAnswer that are still to come
  };

  void woken(Stream& stream) override;

  void read_requests();
  bool read_some();  // true: it answered a request at once, and can read the next
  void head_came();
  void begin_sink(const Route& route, Call call);
  // Gives the sink what has arrived; false: the session reads this request no more.
  [[nodiscard]] bool pour();
  void dispatch();
  void refuse(const Problem& problem);
  [[nodiscard]] bool is_revoked() const;
  void answered(Answer answer);
  void answer_with(Response response);
  void answer_with(StreamAnswer answer);
  void answer_with(UpgradeAnswer answer);
  void answer_with(BodyAnswer answer);
  void fill_lasting(std::string& out);
  void fill_stream(std::string& out);
  void fill_json(std::string& out);
  void fill_body(std::string& out);
  bool begin_chunks(std::string& out);  // true: the method is HEAD, so that was the whole answer
  void end_exchange(bool keep_alive);
  bool closed_at_end();  // closes if no request can come any more and all are answered
  void close();
  void throttle();
  // Charges the bytes that have come and are not answered; false: there is no memory for them.
  bool hold();
  // The bytes of the body that are in memory.
  [[nodiscard]] std::size_t body_bytes() const;
  [[nodiscard]] bool keeps_alive() const;
  [[nodiscard]] HeadOptions head_options(bool keep_alive) const;

  Transport& transport_;
  Front& front_;
  State state_ = State::idle;
  bool input_ended_ = false;
  bool stopping_ = false;
  Tick since_;   // of the state; of the last byte sent on a stream
  Charge held_;  // the bytes of requests that the session holds
  std::string in_;
  std::string out_;
  std::string_view lasting_;  // the rest of a `Response::lasting`; goes out after out_
  std::unique_ptr<Exchange> exchange_;
  std::unique_ptr<UpgradeAnswer> upgrade_;
  std::optional<Alive> open_{std::in_place};  // until the client closes its side
  std::optional<Alive> awaited_;              // the answer, which is moot once the client has gone
};

}  // namespace lockstep
